//! JSON as Python's `json.dumps(value, indent=2)` writes it.

use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::{
    Value,
    ser::{CharEscape, Formatter, PrettyFormatter, Serializer},
};

/// Returns a value as Python would write it: two blanks for each level, only ASCII, and no end of
/// line at the end.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    let python = Python(PrettyFormatter::new());
    let mut serializer = Serializer::with_formatter(&mut bytes, python);
    value
        .serialize(&mut serializer)
        .expect("a JSON value has text for keys, and memory takes every byte");
    bytes
}

struct Python(PrettyFormatter<'static>);

impl Formatter for Python {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for c in fragment.chars() {
            if matches!(c, ' '..='~') {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, is_first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// Returns a number as Python's `repr`: the same digits, and an exponent of two digits at least
/// from 10¹⁶ on and below 10⁻⁴.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let Ok(power) = exponent.parse::<i32>() else {
        return scientific;
    };
    if (-4..16).contains(&power) {
        let plain = value.to_string();
        let is_whole = !plain.contains('.');
        return if is_whole {
            format!("{plain}.0")
        } else {
            plain
        };
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_that_python_wrote_is_written_the_same() {
        let python = include_bytes!("../../tests/data/rpc.schema.json");
        let value: Value = serde_json::from_slice(python).unwrap();
        assert_eq!(
            String::from_utf8(encode(&value)).unwrap(),
            String::from_utf8(python.to_vec()).unwrap()
        );
    }

    #[track_caller]
    fn check(value: Value, wanted: &str) {
        assert_eq!(String::from_utf8(encode(&value)).unwrap(), wanted);
    }

    #[test]
    fn the_right_hand_sides_are_what_python_prints() {
        check(json!({}), "{}");
        check(json!([]), "[]");
        check(
            json!({"a": [1, {}]}),
            "{\n  \"a\": [\n    1,\n    {}\n  ]\n}",
        );
        check(json!("é😀\u{7f}"), r#""\u00e9\ud83d\ude00\u007f""#);
        check(json!("\n\t\"\\/\u{1}\u{8}"), r#""\n\t\"\\/\u0001\b""#);
        check(json!(1.0), "1.0");
        check(json!(-0.0), "-0.0");
        check(json!(0.1), "0.1");
        check(json!(1e15), "1000000000000000.0");
        check(json!(1e16), "1e+16");
        check(json!(1.5e300), "1.5e+300");
        check(json!(0.0001), "0.0001");
        check(json!(0.00001), "1e-05");
        check(json!(5e-324), "5e-324");
        check(
            json!(18_446_744_073_709_551_615_u64),
            "18446744073709551615",
        );
    }

    proptest! {
        #[test]
        fn text_is_read_as_it_was_written(text in "\\PC{0,20}") {
            let value = json!({ text.clone(): [text] });
            let bytes = encode(&value);
            prop_assert!(bytes.is_ascii());
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }

        #[test]
        fn numbers_are_read_as_they_were_written(number in any::<f64>()) {
            prop_assert_eq!(float(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }
}
