//! JSON lines: an object per line.

use crate::cell::Cell;
use crate::error::row_error;
use precedent_model::ModelError;
use std::collections::HashSet;

/// Reads one line.
///
/// # Errors
/// Text that is no JSON object, or one with a key twice; the message names the place, never the text.
pub(crate) fn parse_object(text: &str) -> Result<Vec<(String, Cell)>, ModelError> {
    let cell = serde_json::from_str(text).map_err(|error| broken(text, error.column()))?;
    let Cell::Object(entries) = cell else {
        return Err(row_error(
            "is no JSON object",
            "write one object per line, as in {\"case_id\": \"...\"}",
        ));
    };
    check_keys(&entries)?;
    Ok(entries)
}

/// One of two values for a key would be lost.
pub(crate) fn check_keys(entries: &[(String, Cell)]) -> Result<(), ModelError> {
    let mut seen = HashSet::with_capacity(entries.len());
    match entries.iter().find(|(key, _)| !seen.insert(key.as_str())) {
        Some((key, _)) => Err(ModelError::new(key, "is there twice", "remove one of the two")),
        None => Ok(()),
    }
}

/// The parser's own message may repeat a value, so only its place is used.
fn broken(text: &str, column: usize) -> ModelError {
    let near = text.as_bytes().get(column.saturating_sub(2)..).unwrap_or_default();
    let is_token = |token: &str| near.windows(token.len()).take(3).any(|window| window == token.as_bytes());
    let remedy = if is_token("NaN") || is_token("Infinity") {
        "JSON has no NaN and no Infinity; write null"
    } else {
        "write one whole JSON object per line"
    };
    row_error(format!("is broken JSON at column {column}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_broken(text: &str, says: &str) {
        let error = parse_object(text).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("Jane"), "{error}");
    }

    #[test]
    fn broken_lines_are_named_by_column_and_never_quoted() {
        check_broken(r#"{"case_id": "Jane", "findings": "#, "broken JSON at column 32");
        check_broken(r#"{"case_id": "Jane"} x"#, "broken JSON at column 21");
        check_broken(r#"{"age": NaN, "x": "Jane"}"#, "write null");
        check_broken(r#"{"age": -Infinity, "x": "Jane"}"#, "write null");
        check_broken(r#"["Jane"]"#, "is no JSON object");
        check_broken(r#""Jane""#, "is no JSON object");
        check_broken(r#"{"age": 1, "age": "Jane"}"#, "age: is there twice");
        check_broken(r#"{"a": "\ud800"}"#, "broken JSON");
        check_broken(&"[".repeat(100_000), "broken JSON");
    }

    #[test]
    fn values_become_text_without_losing_digits() {
        let entries = parse_object(
            r#"{"a": 18446744073709551615, "b": 1.5, "c": true, "d": null, "e": [1, null, "x"], "f": 63.0, "j": -9.61271364969273e-38,
                "g": 184467440737095516160, "h": [[1]], "i": {"k": ["v"]}}"#,
        )
        .unwrap();
        let text = |text: &str| Cell::Text(text.into());
        let expected = [
            ("a", text("18446744073709551615")),
            ("b", text("1.5")),
            ("c", text("true")),
            ("d", Cell::Missing),
            ("e", Cell::List(vec![Some("1".into()), None, Some("x".into())])),
            ("f", text("63")),
            ("j", text(&(-9.61271364969273e-38_f64).to_string())),
            ("g", Cell::Odd("is a number of which digits would be lost; write it in quotation marks")),
            ("h", Cell::Odd("holds a list in a list")),
            ("i", Cell::Object(vec![("k".into(), Cell::List(vec![Some("v".into())]))])),
        ];
        for ((key, cell), (wanted, expected)) in entries.into_iter().zip(expected) {
            assert!(key == wanted && cell == expected, "{key}");
        }
    }
}
