//! A JSON member that can be absent, null or a value: the three states of an edit.

use serde::{Deserialize, Deserializer};

/// A member of an edit. Put `#[serde(default)]` on it, so that leaving it out means [`Field::Absent`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not sent: leave it as it is.
    #[default]
    Absent,
    /// Sent as `null`: empty it.
    Null,
    /// Sent: set it.
    Value(T),
}

impl<T> Field<T> {
    /// The same state, its value changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(change(value)),
        }
    }

    /// The same state, its value parsed.
    pub fn try_map<U, E>(self, parse: impl FnOnce(T) -> Result<U, E>) -> Result<Field<U>, E> {
        Ok(match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(parse(value)?),
        })
    }

    /// The value, for dialects in which null says the same as leaving it out.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// True when it was left out.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Null, Self::Value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Edit {
        #[serde(default)]
        name: Field<String>,
    }

    #[test]
    fn three_states() {
        let read = |text| serde_json::from_str::<Edit>(text).expect("reads").name;
        assert_eq!(read("{}"), Field::Absent);
        assert_eq!(read(r#"{"name":null}"#), Field::Null);
        assert_eq!(read(r#"{"name":"x"}"#), Field::Value("x".to_owned()));
        assert!(serde_json::from_str::<Edit>(r#"{"name":1}"#).is_err());
    }
}
