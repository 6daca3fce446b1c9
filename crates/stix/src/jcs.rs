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

/// The canonical form of a document that was read.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Recursion is bounded: the reader refuses more than 128 levels.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            // RFC 8785 section 3.2.3: by UTF-16 code units
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, member)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (i, item) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::String(text) => write_text(text, out),
        Value::Number(number) => out.push_str(&write_number(number.as_f64().unwrap_or(0.0))),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
    }
}

/// RFC 8785 section 3.2.2.2: the escapes that JSON demands, in their shortest form.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// RFC 8785 section 3.2.2.3: the shortest digits, placed as ECMAScript (section 7.1.12.1 of its 2019 edition) does.
fn write_number(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let shortest = format!("{:e}", number.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = digits.chars().filter(|c| *c != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let (head, tail) = digits.split_at(usize::try_from(point.clamp(0, count)).unwrap_or(0));
    let body = match point {
        _ if count <= point && point <= 21 => format!("{digits}{}", zeros(point - count)),
        1..=21 => format!("{head}.{tail}"),
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            format!("{first}{rest}e{:+}", point - 1)
        }
    };
    if number < 0.0 { format!("-{body}") } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms() {
        let form = |text: &str| canonical(&serde_json::from_str(text).unwrap());
        // the example and the sorting of RFC 8785 sections 3.2.2 and 3.2.3
        assert_eq!(
            form(
                r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#
            ),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(
            form(r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}"
        );
        // some of appendix B
        let numbers: Vec<String> = [
            0x0000_0000_0000_0001_u64,
            0x8000_0000_0000_0001,
            0x7fef_ffff_ffff_ffff,
            0x4340_0000_0000_0000,
            0xc340_0000_0000_0000,
            0x4430_0000_0000_0000,
            0x44b5_2d02_c7e1_4af5,
            0x44b5_2d02_c7e1_4af6,
            0x444b_1ae4_d6e2_ef4f,
            0x444b_1ae4_d6e2_ef50,
            0x3eb0_c6f7_a0b5_ed8c,
            0x3eb0_c6f7_a0b5_ed8d,
            0x41b3_de43_5555_5557,
            0xbecb_f647_612f_3696,
            0x8000_0000_0000_0000,
        ]
        .into_iter()
        .map(|bits| write_number(f64::from_bits(bits)))
        .collect();
        assert_eq!(
            numbers.join(" "),
            "5e-324 -5e-324 1.7976931348623157e+308 9007199254740992 -9007199254740992 295147905179352830000 9.999999999999997e+22 1e+23 \
             999999999999999900000 1e+21 9.999999999999997e-7 0.000001 333333333.33333343 -0.0000033333333333333333 0"
        );
    }

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
