//! Values of Parquet as cells, by the rules for JSON; and lists of numbers as embeddings.

use crate::cell::Cell;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::data_type::Decimal;
use parquet::record::{Field, List};
use parquet::schema::types::Type;

/// Days since 1970 that a calendar of four digits has, either way.
const MOST_DAYS: i64 = 3_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Digits of the largest decimal number.
const MOST_DIGITS: usize = 38;

const NO_DATE: Cell = Cell::Odd("is no date between the years 1 and 9999");

/// A value of a type, if that is known. It says what the library leaves out: the unit of a time, the meaning of bytes.
pub(super) fn cell(field: &Field, kind: Option<&Type>) -> Cell {
    match field {
        Field::Null => Cell::Missing,
        Field::Bool(value) => text(value),
        Field::Byte(value) => text(value),
        Field::Short(value) => text(value),
        Field::Int(value) => text(value),
        Field::Long(value) if kind.is_some_and(is_in_nanoseconds) => moment(value.div_euclid(1_000_000_000)),
        Field::Long(value) => text(value),
        Field::UByte(value) => text(value),
        Field::UShort(value) => text(value),
        Field::UInt(value) => text(value),
        Field::ULong(value) => text(value),
        Field::Float16(value) => number(value.to_f64(), value),
        // By its own shortest text: 0.1 is meant, not what follows it in more bits.
        Field::Float(value) => number(f64::from(*value), value),
        Field::Double(value) => number(*value, value),
        Field::Decimal(value) => decimal(value),
        Field::Str(value) => Cell::Text(value.clone()),
        Field::Bytes(value) => binary(value.data(), kind),
        Field::Date(days) => day(i64::from(*days)).map_or(NO_DATE, Cell::Text),
        Field::TimeMillis(value) => Cell::Text(clock(i64::from(*value).div_euclid(1000))),
        Field::TimeMicros(value) => Cell::Text(clock(value.div_euclid(1_000_000))),
        Field::TimestampMillis(value) => moment(value.div_euclid(1000)),
        Field::TimestampMicros(value) => moment(value.div_euclid(1_000_000)),
        Field::Group(row) => {
            let entry = |(name, field): (&String, &Field)| {
                (name.clone(), cell(field, kind.and_then(|kind| member(kind, name))))
            };
            Cell::Object(row.get_column_iter().map(entry).collect())
        }
        Field::ListInternal(list) => {
            let element = kind.and_then(element);
            Cell::of_list(items(list, kind).iter().map(|item| cell(item, element)))
        }
        Field::MapInternal(map) => {
            let kind = kind.and_then(map_value);
            let entry = |(key, value): &(Field, Field)| match key {
                Field::Str(key) => Some((key.clone(), cell(value, kind))),
                _ => None,
            };
            let entries: Option<_> = map.entries().iter().map(entry).collect();
            entries.map_or(Cell::Odd("is a map whose keys are no texts"), Cell::Object)
        }
    }
}

/// One list of numbers, or one for each image; none where it is null or empty.
///
/// # Errors
/// Anything else, in words.
pub(super) fn embeddings(field: &Field, kind: &Type) -> Result<Vec<Option<Vec<f32>>>, &'static str> {
    let one = |field: &Field| match field {
        Field::Null => Ok(None),
        Field::ListInternal(list) => numbers(list.elements()),
        _ => Err("is no list of numbers"),
    };
    let found: Vec<_> = match field {
        Field::ListInternal(list) if element(kind).is_some_and(Type::is_group) => {
            list.elements().iter().map(one).collect::<Result<_, _>>()?
        }
        Field::ListInternal(list) => vec![numbers(items(list, Some(kind)))?],
        field => vec![one(field)?],
    };
    Ok(if found.iter().any(Option::is_some) { found } else { Vec::new() })
}

fn numbers(list: &[Field]) -> Result<Option<Vec<f32>>, &'static str> {
    let number = |field: &Field| match field {
        Field::Float(value) => Ok(*value),
        Field::Double(value) => Ok(*value as f32),
        Field::Float16(value) => Ok(value.to_f32()),
        Field::Byte(value) => Ok(f32::from(*value)),
        Field::UByte(value) => Ok(f32::from(*value)),
        Field::Short(value) => Ok(f32::from(*value)),
        Field::UShort(value) => Ok(f32::from(*value)),
        Field::Int(value) => Ok(*value as f32),
        Field::Long(value) => Ok(*value as f32),
        Field::Null => Err("has a null among its numbers"),
        _ => Err("is no list of numbers"),
    };
    let numbers: Vec<f32> = list.iter().map(number).collect::<Result<_, _>>()?;
    Ok(Some(numbers).filter(|numbers| !numbers.is_empty()))
}

fn text(value: &impl ToString) -> Cell {
    Cell::Text(value.to_string())
}

/// A number by its shortest text; pandas writes NaN for a missing one.
fn number(value: f64, shortest: &impl ToString) -> Cell {
    match Cell::of_number(value) {
        _ if value.is_nan() => Cell::Missing,
        _ if value.is_infinite() => Cell::Odd("is infinite"),
        Cell::Text(_) => text(shortest),
        odd => odd,
    }
}

/// A number with a fixed number of places, of which zeros at the end say nothing.
fn decimal(value: &Decimal) -> Cell {
    const ODD: Cell = Cell::Odd("is a decimal number of more than 38 digits");
    let bytes = value.data();
    let Some(places) = usize::try_from(value.scale()).ok().filter(|places| *places <= MOST_DIGITS) else {
        return ODD;
    };
    if bytes.len() > size_of::<i128>() {
        return ODD;
    }
    // Big-endian, in two's complement.
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if is_negative { -1 } else { 0 };
    let unscaled = bytes.iter().fold(start, |number: i128, byte| (number << 8) | i128::from(*byte));
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if is_negative { "-" } else { "" };
    Cell::Text(match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    })
}

/// Bytes that are a UUID by their type, or a text whose writer did not say so.
fn binary(bytes: &[u8], kind: Option<&Type>) -> Cell {
    let is_uuid = kind.and_then(logical).is_some_and(|kind| matches!(kind, LogicalType::Uuid));
    if is_uuid && bytes.len() == 16 {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        return Cell::Text(parts.join("-"));
    }
    std::str::from_utf8(bytes).map_or(Cell::Odd("is binary and no text in UTF-8"), text_of)
}

fn text_of(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

/// A time since 1970; a day alone where it is midnight.
fn moment(seconds: i64) -> Cell {
    match (day(seconds.div_euclid(SECONDS_PER_DAY)), seconds.rem_euclid(SECONDS_PER_DAY)) {
        (None, _) => NO_DATE,
        (Some(day), 0) => Cell::Text(day),
        (Some(day), seconds) => Cell::Text(format!("{day}T{}", clock(seconds))),
    }
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A day of the Gregorian calendar by its number since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
fn day(days: i64) -> Option<String> {
    if !(-MOST_DAYS..=MOST_DAYS).contains(&days) {
        return None;
    }
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (1..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn logical(kind: &Type) -> Option<&LogicalType> {
    kind.get_basic_info().logical_type_ref()
}

fn is_in_nanoseconds(kind: &Type) -> bool {
    matches!(logical(kind), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS)
}

/// The type of a member of a struct.
fn member<'a>(kind: &'a Type, name: &str) -> Option<&'a Type> {
    let members = if kind.is_group() { kind.get_fields() } else { &[] };
    members.iter().find(|member| member.name() == name).map(|member| &**member)
}

/// The values of a list. Where it repeats them directly, the library wraps it into a list of this one.
fn items<'a>(list: &'a List, kind: Option<&Type>) -> &'a [Field] {
    let is_direct = kind.is_some_and(|kind| kind.is_group() && repeats_directly(kind));
    match list.elements() {
        [Field::ListInternal(inner)] if is_direct => inner.elements(),
        items => items,
    }
}

/// Whether a list repeats its values, as older programs wrote it, and not groups that hold one each. The rules are those of the
/// format (LogicalTypes, "Backward-compatibility rules").
fn repeats_directly(list: &Type) -> bool {
    let [repeated] = list.get_fields() else { return false };
    repeated.is_primitive()
        || repeated.get_fields().len() > 1
        || repeated.name() == "array"
        || repeated.name().ends_with("_tuple")
}

/// The type of what a list repeats.
fn element(list: &Type) -> Option<&Type> {
    if !list.is_group() {
        return Some(list);
    }
    let repeated = list.get_fields().first()?;
    match repeats_directly(list) {
        true => Some(repeated),
        false => repeated.get_fields().first().map(|element| &**element),
    }
}

/// The type of the values of a map, which stand behind its keys.
fn map_value(map: &Type) -> Option<&Type> {
    let entry = if map.is_group() { map.get_fields().first()? } else { return None };
    let entry = if entry.is_group() { entry.get_fields() } else { return None };
    entry.get(1).map(|value| &**value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (18_019, "2019-05-03"),
            (-719_162, "0001-01-01"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(day(days).as_deref(), Some(date));
        }
        for days in [-719_163, 2_932_897, i64::MIN, i64::MAX] {
            assert_eq!(day(days), None);
        }
    }

    #[test]
    fn decimal_numbers_keep_their_digits_and_lose_zeros_at_the_end() {
        for (unscaled, places, text) in [
            (6300, 2, "63"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (0, 4, "0"),
            (7, 0, "7"),
            (45, 2, "0.45"),
        ] {
            assert!(
                decimal(&Decimal::from_i32(unscaled, 9, places)) == Cell::Text(text.to_owned()),
                "{text}"
            );
        }
        assert!(matches!(decimal(&Decimal::from_bytes(vec![1; 17].into(), 40, 2)), Cell::Odd(_)));
        assert!(matches!(decimal(&Decimal::from_i32(1, 9, -1)), Cell::Odd(_)));
    }

    #[test]
    fn numbers_keep_their_shortest_text() {
        assert!(cell(&Field::Float(0.1), None) == Cell::Text("0.1".to_owned()));
        assert!(cell(&Field::Double(63.0), None) == Cell::Text("63".to_owned()));
        assert!(cell(&Field::Float(f32::NAN), None) == Cell::Missing);
        assert!(cell(&Field::Double(f64::INFINITY), None) == Cell::Odd("is infinite"));
        assert!(matches!(cell(&Field::Double(1e17), None), Cell::Odd(lost) if lost.contains("digits")));
    }
}
