//! Words, strings and signs of a `q`.

use super::Mistake;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    /// One of `=`, `!=`, `<`, `<=`, `>`, `>=`, `(`, `)`, `{`, `}`.
    Sign(&'static str),
}

impl Token {
    /// Returns how a message names the piece.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("'{word}'"),
            Self::Text(_) => "a quoted string".to_owned(),
            Self::Sign(sign) => format!("'{sign}'"),
        }
    }
}

/// Two-character signs come first, so that `<=` is not read as `<`.
const SIGNS: [&str; 10] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", "{", "}"];

/// Splits a query into pieces, each with the number of characters before it.
pub(super) fn split(query: &str) -> Result<Vec<(usize, Token)>, Mistake> {
    let chars: Vec<char> = query.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&next) = chars.get(at) {
        let start = at;
        if next.is_whitespace() {
            at += 1;
        } else if next == '\'' {
            let (text, end) = quoted(&chars, at)?;
            tokens.push((start, Token::Text(text)));
            at = end;
        } else if let Some(sign) = sign_at(&chars, at) {
            tokens.push((start, Token::Sign(sign)));
            at += sign.len();
        } else if next.is_alphanumeric() {
            let end = word_end(&chars, at);
            push_word(&mut tokens, start, chars[at..end].iter().collect());
            at = end;
        } else {
            return Err(Mistake {
                position: at,
                problem: format!("unexpected '{next}'"),
            });
        }
    }
    Ok(tokens)
}

/// Released SyftBox clients send `trashed=falseand mimeType…`, and Google takes it.
fn push_word(tokens: &mut Vec<(usize, Token)>, start: usize, word: String) {
    if word == "falseand" {
        tokens.push((start, Token::Word("false".to_owned())));
        tokens.push((start + "false".len(), Token::Word("and".to_owned())));
    } else {
        tokens.push((start, Token::Word(word)));
    }
}

fn word_end(chars: &[char], start: usize) -> usize {
    let rest = chars[start..].iter();
    start
        + rest
            .take_while(|next| next.is_alphanumeric() || matches!(next, '.' | '_'))
            .count()
}

fn sign_at(chars: &[char], at: usize) -> Option<&'static str> {
    SIGNS.into_iter().find(|sign| {
        sign.chars()
            .enumerate()
            .all(|(offset, wanted)| chars.get(at + offset) == Some(&wanted))
    })
}

/// Reads `'…'` with `\'` and `\\`; returns the text and the place after it.
fn quoted(chars: &[char], start: usize) -> Result<(String, usize), Mistake> {
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(&next) = chars.get(at) {
        match (next, chars.get(at + 1)) {
            ('\'', _) => return Ok((text, at + 1)),
            ('\\', Some(&escaped @ ('\'' | '\\'))) => {
                text.push(escaped);
                at += 2;
            }
            ('\\', _) => {
                return Err(Mistake {
                    position: at,
                    problem: "a backslash must be followed by ' or \\".to_owned(),
                });
            }
            _ => {
                text.push(next);
                at += 1;
            }
        }
    }
    Err(Mistake {
        position: start,
        problem: "the string that starts here has no closing '".to_owned(),
    })
}
