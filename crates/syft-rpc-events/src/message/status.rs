use std::fmt;

/// The status of a response.
///
/// Whatever this crate writes has one of the codes that Python's client knows: with any other it
/// reports 500 and deletes the response. What it reads may have any code from 100 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

/// The codes of Python's `http.HTTPStatus` and two more, from `syft_rpc.protocol`, as inclusive
/// ranges.
const KNOWN: [(u16, u16); 13] = [
    (100, 103),
    (200, 208),
    (226, 226),
    (300, 305),
    (307, 308),
    (400, 419),
    (421, 426),
    (428, 429),
    (431, 431),
    (451, 451),
    (499, 499),
    (500, 508),
    (510, 511),
];

impl Status {
    /// Success.
    pub const OK: Self = Self(200);
    /// Success: something new is there.
    pub const CREATED: Self = Self(201);
    /// Success: the work goes on.
    pub const ACCEPTED: Self = Self(202);
    /// The request cannot be understood.
    pub const BAD_REQUEST: Self = Self(400);
    /// The sender has not proved who they are.
    pub const UNAUTHORIZED: Self = Self(401);
    /// The sender may not do that.
    pub const FORBIDDEN: Self = Self(403);
    /// There is no such thing.
    pub const NOT_FOUND: Self = Self(404);
    /// It contradicts what is there.
    pub const CONFLICT: Self = Self(409);
    /// The request is too large.
    pub const PAYLOAD_TOO_LARGE: Self = Self(413);
    /// It can be read and makes no sense.
    pub const UNPROCESSABLE: Self = Self(422);
    /// The request has expired.
    pub const EXPIRED: Self = Self(419);
    /// Too many requests of this sender wait.
    pub const TOO_MANY_REQUESTS: Self = Self(429);
    /// The caller has gone.
    pub const CLIENT_CLOSED_REQUEST: Self = Self(499);
    /// The handler failed.
    pub const INTERNAL_SERVER_ERROR: Self = Self(500);
    /// The server cannot answer now.
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    /// The handler took too long.
    pub const GATEWAY_TIMEOUT: Self = Self(504);

    /// Returns the status of a code that all peers know.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        let mut index = 0;
        while index < KNOWN.len() {
            let (first, last) = KNOWN[index];
            if first <= code && code <= last {
                return Some(Self(code));
            }
            index += 1;
        }
        None
    }

    /// Returns the status of a code that a peer wrote.
    pub(super) fn received(code: u16) -> Option<Self> {
        (100..600).contains(&code).then_some(Self(code))
    }

    /// Returns the number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Returns whether it is from 200 to 299.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..300)
    }

    /// Returns whether it is 400 or more.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 >= 400
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
