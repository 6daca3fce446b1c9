//! Whether two JSON texts are the same after RFC 8785 (JCS): order of members, white space, escapes and the writing of numbers do
//! not count.

use serde_json::{Number, Value};

/// Whether two JSON documents have the same canonical form. Neither is written out: they are compared as parsed. A text that does
/// not parse, or holds a number outside of IEEE 754 doubles, equals only its own bytes.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    match (serde_json::from_slice::<Value>(a), serde_json::from_slice::<Value>(b)) {
        (Ok(a), Ok(b)) => same(&a, &b),
        _ => false,
    }
}

/// Recursion is bounded: the reader refuses more than 128 levels.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}

/// RFC 8785 section 3.2.2.3: a number is the IEEE 754 double that ECMAScript would read; zero has one writing.
fn same_number(a: &Number, b: &Number) -> bool {
    matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: bool) {
        assert_eq!(equal(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        assert_eq!(equal(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
    }

    #[test]
    fn equality_of_canonical_forms() {
        check(r#"{"a":1,"b":[true,null]}"#, " {\"b\": [true, null],\n\"a\":1.0}", true);
        check(r#"["\u20ac\u000f\u000aA'\u0042\u0022\u005c\\\"\/"]"#, "[\"€\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"]", true);
        // the numbers of RFC 8785 section 3.2.2
        check(
            "[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]",
            "[333333333.3333333,1e+30,4.5,0.002,1e-27]",
            true,
        );
        check("[-0]", "[0]", true);
        check("[9007199254740993]", "[9007199254740992]", true);
        check("[1]", "[2]", false);
        check("[1,2]", "[2,1]", false);
        check(r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false);
        check(r#"{"a":"1"}"#, r#"{"a":1}"#, false);
        check(r#"{"a":"x"}"#, r#"{"a":"X"}"#, false);
        check("[1e999]", "[2e999]", false);
        check("nonsense", "nonsense", true);
        check("nonsense", "other", false);
    }
}
