//! From pieces to a [`Query`].

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::{
    Comparison, FlagField, Mistake, Query, Set, Term, TextField, TextOperator, TimeField,
    Visibility,
    lexer::{Token, split},
};

/// Nesting beyond this is refused, since the parser recurses.
const MAX_DEPTH: usize = 50;
/// More terms are refused, since a chain of them is walked recursively.
const MAX_TERMS: usize = 1000;

/// Parses a `q`; an empty one asks for everything and is `None`.
///
/// `and` and `or` bind alike and are read from left to right, as Google documents it.
pub(crate) fn parse(text: &str) -> Result<Option<Query>, Mistake> {
    let tokens = split(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        tokens,
        next: 0,
        terms: 0,
        end: text.chars().count(),
    };
    let query = parser.expression(0)?;
    match parser.peek() {
        None => Ok(Some(query)),
        Some(_) => Err(parser.expected("'and', 'or' or the end")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    terms: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn position(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |(position, _)| *position)
    }

    fn expected(&self, wanted: &str) -> Mistake {
        let found = self
            .peek()
            .map_or("the end".to_owned(), |token| token.describe());
        self.mistake(format!("expected {wanted}, found {found}"))
    }

    fn mistake(&self, problem: String) -> Mistake {
        Mistake {
            position: self.position(),
            problem,
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn sign(&mut self, sign: &str) -> Result<(), Mistake> {
        if !self.is_sign(sign) {
            return Err(self.expected(&format!("'{sign}'")));
        }
        self.next += 1;
        Ok(())
    }

    fn text(&mut self) -> Result<String, Mistake> {
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected("a string in single quotes")),
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Query, Mistake> {
        if depth > MAX_DEPTH {
            return Err(self.mistake("the query is nested too deeply".to_owned()));
        }
        let mut left = self.factor(depth)?;
        loop {
            let both = if self.is_word("and") {
                Query::And
            } else if self.is_word("or") {
                Query::Or
            } else {
                return Ok(left);
            };
            self.next += 1;
            left = both(Box::new(left), Box::new(self.factor(depth)?));
        }
    }

    fn factor(&mut self, depth: usize) -> Result<Query, Mistake> {
        if depth > MAX_DEPTH {
            return Err(self.mistake("the query is nested too deeply".to_owned()));
        }
        if self.is_word("not") {
            self.next += 1;
            return Ok(Query::Not(Box::new(self.factor(depth + 1)?)));
        }
        if self.is_sign("(") {
            self.next += 1;
            let inner = self.expression(depth + 1)?;
            self.sign(")")?;
            return Ok(inner);
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.mistake("the query has too many terms".to_owned()));
        }
        self.term().map(Query::Term)
    }

    fn term(&mut self) -> Result<Term, Mistake> {
        match self.peek() {
            Some(Token::Text(_)) => self.member(),
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.field(&word)
            }
            _ => Err(self.expected("a search term")),
        }
    }

    /// `'value' in set`
    fn member(&mut self) -> Result<Term, Mistake> {
        let value = self.text()?;
        if !self.is_word("in") {
            return Err(self.expected("'in'"));
        }
        self.next += 1;
        let set = match self.peek() {
            Some(Token::Word(word)) => match word.as_str() {
                "parents" => Set::Parents,
                "owners" => Set::Owners,
                "writers" => Set::Writers,
                "readers" => Set::Readers,
                _ => return Err(self.expected("parents, owners, writers or readers")),
            },
            _ => return Err(self.expected("parents, owners, writers or readers")),
        };
        self.next += 1;
        Ok(Term::Member(set, value))
    }

    fn field(&mut self, name: &str) -> Result<Term, Mistake> {
        let unknown = self.mistake(format!("'{name}' is not a search term"));
        self.next += 1;
        match name {
            "name" => self.text_term(TextField::Name),
            "fullText" => self.text_term(TextField::FullText),
            "mimeType" => self.text_term(TextField::MimeType),
            "createdTime" => self.time_term(TimeField::Created),
            "modifiedTime" => self.time_term(TimeField::Modified),
            "viewedByMeTime" => self.time_term(TimeField::ViewedByMe),
            "trashed" => self.flag_term(FlagField::Trashed),
            "starred" => self.flag_term(FlagField::Starred),
            "sharedWithMe" => self.shared_with_me(),
            "properties" => self.property(false),
            "appProperties" => self.property(true),
            "visibility" => self.visibility(),
            "shortcutDetails.targetId" => {
                let equal = self.equality()?;
                Ok(Term::ShortcutTarget(self.text()?, equal))
            }
            _ => Err(unknown),
        }
    }

    fn text_term(&mut self, field: TextField) -> Result<Term, Mistake> {
        let operator = if self.is_word("contains") {
            TextOperator::Contains
        } else if field == TextField::FullText {
            return Err(self.expected("'contains'"));
        } else if self.is_sign("=") {
            TextOperator::Is
        } else if self.is_sign("!=") {
            TextOperator::IsNot
        } else {
            return Err(self.expected("'=', '!=' or 'contains'"));
        };
        self.next += 1;
        Ok(Term::Text(field, operator, self.text()?))
    }

    fn time_term(&mut self, field: TimeField) -> Result<Term, Mistake> {
        let comparison = match self.peek() {
            Some(Token::Sign("<")) => Comparison::Less,
            Some(Token::Sign("<=")) => Comparison::AtMost,
            Some(Token::Sign("=")) => Comparison::Equal,
            Some(Token::Sign("!=")) => Comparison::NotEqual,
            Some(Token::Sign(">=")) => Comparison::AtLeast,
            Some(Token::Sign(">")) => Comparison::Greater,
            _ => return Err(self.expected("a comparison")),
        };
        self.next += 1;
        let unreadable = self.expected("an RFC 3339 time in single quotes");
        let text = self.text()?;
        let time = moment(&text).ok_or(unreadable)?;
        Ok(Term::Time(field, comparison, time))
    }

    fn equality(&mut self) -> Result<bool, Mistake> {
        match self.take() {
            Some(Token::Sign("=")) => Ok(true),
            Some(Token::Sign("!=")) => Ok(false),
            _ => {
                self.next -= 1;
                Err(self.expected("'=' or '!='"))
            }
        }
    }

    fn flag_term(&mut self, field: FlagField) -> Result<Term, Mistake> {
        let equal = self.equality()?;
        let value = if self.is_word("true") {
            true
        } else if self.is_word("false") {
            false
        } else {
            return Err(self.expected("true or false"));
        };
        self.next += 1;
        Ok(Term::Flag(field, value == equal))
    }

    /// Google takes the bare word as well as a comparison.
    fn shared_with_me(&mut self) -> Result<Term, Mistake> {
        if self.is_sign("=") || self.is_sign("!=") {
            return self.flag_term(FlagField::SharedWithMe);
        }
        Ok(Term::Flag(FlagField::SharedWithMe, true))
    }

    /// `properties has { key='…' and value='…' }`
    fn property(&mut self, private: bool) -> Result<Term, Mistake> {
        if !self.is_word("has") {
            return Err(self.expected("'has'"));
        }
        self.next += 1;
        self.sign("{")?;
        let key = self.assignment("key")?;
        if !self.is_word("and") {
            return Err(self.expected("'and'"));
        }
        self.next += 1;
        let value = self.assignment("value")?;
        self.sign("}")?;
        Ok(Term::Property {
            private,
            key,
            value,
        })
    }

    fn assignment(&mut self, name: &str) -> Result<String, Mistake> {
        if !self.is_word(name) {
            return Err(self.expected(&format!("'{name}'")));
        }
        self.next += 1;
        self.sign("=")?;
        self.text()
    }

    fn visibility(&mut self) -> Result<Term, Mistake> {
        let equal = self.equality()?;
        let unknown = self.expected(
            "'anyoneCanFind', 'anyoneWithLink', 'domainCanFind', 'domainWithLink' or 'limited'",
        );
        let visibility = match self.text()?.as_str() {
            "anyoneCanFind" => Visibility::AnyoneCanFind,
            "anyoneWithLink" => Visibility::AnyoneWithLink,
            "domainCanFind" => Visibility::DomainCanFind,
            "domainWithLink" => Visibility::DomainWithLink,
            "limited" => Visibility::Limited,
            _ => return Err(unknown),
        };
        Ok(Term::Visibility(visibility, equal))
    }
}

/// Reads an RFC 3339 time; the zone may be missing and is UTC then, and so may the time of day.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(time) = text.parse::<NaiveDateTime>() {
        return Some(time.and_utc());
    }
    let day = text.parse::<NaiveDate>().ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc())
}
