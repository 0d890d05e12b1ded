//! A JSON body that is a list is not an object: serde would fill a struct's fields from it, in order.

use serde::{
    Deserializer,
    de::{Error as _, Unexpected, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Error, de::Read};

/// The parser, and whether the body begins as a list.
pub(super) struct Strict<'a, R> {
    pub(super) json: &'a mut serde_json::Deserializer<R>,
    pub(super) list: bool,
}

impl<'de, R: Read<'de>> Deserializer<'de> for Strict<'_, R> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.list {
            return Err(Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.json.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.json.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.json.deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.json.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.json.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}
