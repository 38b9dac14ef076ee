//! Records, one at a time and in lists.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Client, Filter, Record, is_record_id};
use crate::{
    error::{Error, Result},
    http::{Operation, Request},
};

const LIST: Operation = Operation::new("the list of records", 0);
const GET: Operation = Operation::new("the record", 0);
const CREATE: Operation = Operation::new("the new record", 0);
const UPDATE: Operation = Operation::new("the update of the record", 0);
const DELETE: Operation = Operation::new("the removal of the record", 0);

/// 0.22 gives no more than 500 at once, later ones 1,000; ours may be large.
const PAGE: usize = 200;

/// Which records are wanted, and how many of them.
#[derive(Clone, Debug)]
pub struct List {
    /// What they have in common.
    pub filter: Filter,
    /// Their order, as `-timestamp,id`; by default that of their ids.
    pub sort: Option<&'static str>,
    /// No more are read. A list of all records that turns out longer is an error.
    pub limit: usize,
    /// Whether the first `limit` records are enough, rather than an error.
    pub first: bool,
}

impl List {
    /// Wants all records that a filter accepts, 10,000 at most.
    #[must_use]
    pub fn of(filter: Filter) -> Self {
        Self {
            filter,
            sort: None,
            limit: 10_000,
            first: false,
        }
    }

    /// Wants the first records in an order.
    #[must_use]
    pub fn first(limit: usize, filter: Filter, sort: &'static str) -> Self {
        Self {
            filter,
            sort: Some(sort),
            limit,
            first: true,
        }
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Record>,
}

#[derive(Deserialize)]
struct Counted {
    #[serde(rename = "totalItems")]
    total: u64,
}

impl Client {
    /// Returns the records of a collection, all pages of them.
    ///
    /// Without an order of its own each page begins after the last id of the one before, so that
    /// records that come or go meanwhile push no other off a page.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such collection; [`Error::TooLarge`] for more
    /// records than `list` allows. A login that ended meanwhile is never an empty list.
    pub async fn list(&self, collection: &str, list: &List) -> Result<Vec<Record>> {
        let records = self.pages(collection, list).await?;
        if records.is_empty() && self.core.was_taken_for_a_guest().await? {
            return self.pages(collection, list).await;
        }
        Ok(records)
    }

    async fn pages(&self, collection: &str, list: &List) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = Vec::new();
        let mut number = 1;
        loop {
            let mut filter = list.filter.clone();
            if list.sort.is_none()
                && let Some(last) = records.last()
            {
                filter = filter.and(Filter::is_after("id", id(last)?)?);
            } else {
                number = records.len() / PAGE + 1;
            }
            let request = self.page(collection, list, &filter, number);
            let page: Page = self.read(&request).await?;
            let is_last = page.items.len() < PAGE;
            records.extend(page.items);
            if records.len() > list.limit && !list.first {
                return Err(Error::TooLarge {
                    what: request.what,
                    limit: list.limit as u64,
                });
            }
            if is_last || records.len() >= list.limit {
                records.truncate(list.limit);
                return Ok(records);
            }
        }
    }

    fn page(&self, collection: &str, list: &List, filter: &Filter, number: usize) -> Request {
        let path = ["collections", collection, "records"];
        let (size, number) = (PAGE.to_string(), number.to_string());
        let mut query = vec![
            ("perPage", size.as_str()),
            ("page", &number),
            ("skipTotal", "1"),
            ("sort", list.sort.unwrap_or("id")),
        ];
        if !filter.as_str().is_empty() {
            query.push(("filter", filter.as_str()));
        }
        self.core
            .request(LIST, Method::GET, &path)
            .about(format!("the list of `{collection}`"))
            .query(&query)
    }

    /// Returns how many records a filter accepts.
    ///
    /// # Errors
    /// As for [`Self::list`].
    pub async fn count(&self, collection: &str, filter: &Filter) -> Result<u64> {
        let path = ["collections", collection, "records"];
        let request = self.core.request(LIST, Method::GET, &path);
        let request = request
            .about(format!("the list of `{collection}`"))
            .query(&[
                ("perPage", "1"),
                ("fields", "id"),
                ("filter", filter.as_str()),
            ]);
        let counted: Counted = self.read(&request).await?;
        if counted.total == 0 && self.core.was_taken_for_a_guest().await? {
            let counted: Counted = self.read(&request).await?;
            return Ok(counted.total);
        }
        Ok(counted.total)
    }

    /// Returns one record.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none, or none that this account may see.
    pub async fn get(&self, collection: &str, id: &str) -> Result<Record> {
        let request = self.one(GET, Method::GET, collection, id)?;
        self.read(&request).await
    }

    /// Makes a record and returns it as it was stored.
    ///
    /// With an `id` of its own it is made once, however often the call is repeated.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] where there is one of this id, or of a value that must be
    /// unique; [`Error::Ambiguous`] where it has no id and the answer was lost.
    pub async fn create(&self, collection: &str, record: &Record) -> Result<Record> {
        let path = ["collections", collection, "records"];
        let request = self
            .core
            .request(CREATE, Method::POST, &path)
            .about(format!("the new record of `{collection}`"))
            .json(&Value::Object(record.clone()));
        let request = match record.get("id").and_then(Value::as_str) {
            Some(id) if is_record_id(id) => request,
            Some(_) => return Err(bad_id(collection)),
            None => request.only_if_refused(),
        };
        self.read(&request).await
    }

    /// Makes a record with an id of its own, unless there is one of this id.
    ///
    /// # Errors
    /// [`Error::Rejected`] where it is not this id but another value that must be unique.
    pub async fn ensure(&self, collection: &str, record: &Record) -> Result<()> {
        match self.create(collection, record).await {
            Err(Error::AlreadyExists { what }) => {
                let there = self.get(collection, id(record)?).await;
                there.map(drop).map_err(|error| match error {
                    Error::NotFound { .. } => Error::Rejected {
                        what,
                        reason: "another record has one of its values, which must be unique"
                            .to_owned(),
                    },
                    error => error,
                })
            }
            result => result.map(drop),
        }
    }

    /// Changes fields of a record and returns the whole of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn update(&self, collection: &str, id: &str, fields: &Record) -> Result<Record> {
        let request = self.one(UPDATE, Method::PATCH, collection, id)?;
        self.read(&request.json(&Value::Object(fields.clone())))
            .await
    }

    /// Removes a record; one that is gone already is no error.
    ///
    /// # Errors
    /// As for every call.
    pub async fn delete(&self, collection: &str, id: &str) -> Result<()> {
        let request = self.one(DELETE, Method::DELETE, collection, id)?;
        match self.core.call(&request).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn one(&self, operation: Operation, method: Method, of: &str, id: &str) -> Result<Request> {
        if !is_record_id(id) {
            return Err(bad_id(of));
        }
        let path = ["collections", of, "records", id];
        let what = format!("the record {id} of `{of}`");
        Ok(self.core.request(operation, method, &path).about(what))
    }

    pub(super) async fn read<T: serde::de::DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T> {
        let answer = self.core.call(request).await?;
        answer.json(&request.what).map_err(|failure| failure.error)
    }
}

/// Returns the id of a record that came from a server, or goes to one.
pub(super) fn id(record: &Record) -> Result<&str> {
    let id = record.get("id").and_then(Value::as_str);
    id.filter(|id| is_record_id(id))
        .ok_or_else(|| Error::Garbled {
            what: "a record".to_owned(),
            reason: "it has no id".to_owned(),
        })
}

fn bad_id(collection: &str) -> Error {
    Error::Rejected {
        what: format!("a record of `{collection}`"),
        reason: "its id is not made of letters and digits".to_owned(),
    }
}
