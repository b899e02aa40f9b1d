//! Filters on a single mention of a finding: side, place, severity, time and size together.

use super::{Comparison, finding_column};
use precedent_model::{Assertion, FieldKind, FieldSchema, FindingId, Laterality, Mention};
use std::fmt::{Display, Formatter, Result as FmtResult};

/// The column with the mentions of each report, see [`MentionKey`].
pub const MENTION_COLUMN: &str = "finding.mention";

/// A detail of a mention: a field after `finding.` in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detail {
    /// `finding.side`: `left`, `right`, `bilateral`. A bilateral finding also counts as left and as right.
    Side,
    /// `finding.larger_side`: the side that has more of it.
    LargerSide,
    /// `finding.place`: a place of the lexicon, including those within it.
    Place,
    /// `finding.severity`: a severity of the lexicon, including those within it.
    Severity,
    /// `finding.time`: a time or change of the lexicon.
    Time,
    /// `finding.size_mm`: the largest dimension given, in millimetres.
    SizeMm,
}

impl Detail {
    /// All details.
    pub const ALL: [Self; 6] =
        [Self::Side, Self::LargerSide, Self::Place, Self::Severity, Self::Time, Self::SizeMm];

    /// The name of the field.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Side => "finding.side",
            Self::LargerSide => "finding.larger_side",
            Self::Place => "finding.place",
            Self::Severity => "finding.severity",
            Self::Time => "finding.time",
            Self::SizeMm => "finding.size_mm",
        }
    }

    /// The kind of its values.
    pub const fn kind(self) -> FieldKind {
        match self {
            Self::Side | Self::LargerSide | Self::Place | Self::Severity | Self::Time => FieldKind::Keyword,
            Self::SizeMm => FieldKind::Number,
        }
    }

    /// The detail with this field name; `None` for any other field, and for a field of the schema with the same name.
    pub fn of_field(field: &str, schema: &FieldSchema) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|detail| detail.field() == field)?;
        schema.kind(field).is_none().then_some(found)
    }
}

/// A condition on one detail of a mention.
#[derive(Debug, Clone, PartialEq)]
pub enum DetailTest {
    /// The report gives one of these ids.
    AnyOf(Vec<String>),
    /// The report gives some id, but none of these.
    NoneOf(Vec<String>),
    /// The report gives some id.
    Said,
    /// The size, compared with a number of millimetres.
    Size(Comparison, f64),
}

/// A condition on one detail.
#[derive(Debug, Clone, PartialEq)]
pub struct DetailFilter {
    /// Which detail.
    pub detail: Detail,
    /// The condition.
    pub test: DetailTest,
}

/// Matches reports with a mention that meets all conditions at once.
#[derive(Debug, Clone, PartialEq)]
pub struct MentionFilter {
    /// The assertion of the mention.
    pub assertion: Assertion,
    /// Sorted ids of findings, one of which is mentioned; empty for any finding.
    pub findings: Vec<FindingId>,
    /// Conditions on the same mention: at least one of each list must hold.
    pub details: Vec<Vec<DetailFilter>>,
}

impl MentionFilter {
    /// Whether a mention meets all conditions.
    pub fn fits(&self, mention: &MentionKey<'_>) -> bool {
        let named = self.findings.is_empty()
            || self.findings.binary_search_by(|id| (**id).cmp(mention.finding)).is_ok();
        named
            && mention.assertion == self.assertion.name()
            && self.details.iter().all(|any| any.iter().any(|filter| filter.fits(mention)))
    }
}

impl DetailFilter {
    fn fits(&self, mention: &MentionKey<'_>) -> bool {
        if self.detail == Detail::SizeMm {
            return mention.size_mm.is_some_and(|size| self.test.fits_size(size));
        }
        let said = match self.detail {
            Detail::Side => mention.side,
            Detail::LargerSide => mention.larger,
            Detail::Place => mention.places,
            Detail::Severity => mention.severity,
            Detail::Time | Detail::SizeMm => mention.times,
        };
        // A bilateral finding is on either side.
        let both = self.detail == Detail::Side && said == Laterality::Bilateral.name();
        let is = |id: &String| both || said.split(',').any(|said| said == id);
        !said.is_empty()
            && match &self.test {
                DetailTest::AnyOf(ids) => ids.iter().any(is),
                DetailTest::NoneOf(ids) => !ids.iter().any(is),
                DetailTest::Said => true,
                DetailTest::Size(..) => false,
            }
    }
}

impl DetailTest {
    fn fits_size(&self, size_mm: f64) -> bool {
        match self {
            Self::Said => true,
            Self::Size(comparison, than) => match comparison {
                Comparison::Equal | Comparison::Has => size_mm == *than,
                Comparison::NotEqual => size_mm != *than,
                Comparison::Less => size_mm < *than,
                Comparison::LessOrEqual => size_mm <= *than,
                Comparison::Greater => size_mm > *than,
                Comparison::GreaterOrEqual => size_mm >= *than,
            },
            Self::AnyOf(_) | Self::NoneOf(_) => false,
        }
    }
}

/// A mention as a text, the value of [`MENTION_COLUMN`]:
///
/// `assertion/finding/side/larger side/places/severity/size/times`, such as `present/nodule/left//base,lower/mild/12.5/new`.
///
/// What the report does not give is empty; several ids are separated by commas; the size is in millimetres. Ids contain neither
/// slashes nor commas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MentionKey<'a> {
    /// Name of the assertion.
    pub assertion: &'a str,
    /// Id of the finding.
    pub finding: &'a str,
    /// Name of the side.
    pub side: &'a str,
    /// Name of the side that has more of it, if it is bilateral.
    pub larger: &'a str,
    /// Ids of places.
    pub places: &'a str,
    /// Id of the severity.
    pub severity: &'a str,
    /// Size in millimetres.
    pub size_mm: Option<f64>,
    /// Ids of times.
    pub times: &'a str,
}

impl<'a> MentionKey<'a> {
    /// Writes a mention as text.
    pub fn text_of(mention: &Mention) -> String {
        let mut places: Vec<&str> = mention.places.iter().map(|place| &*place.id).collect();
        places.sort_unstable();
        places.dedup();
        let mut times: Vec<&str> = mention.times.iter().map(|time| &**time).collect();
        times.sort_unstable();
        format!(
            "{}/{}/{}/{}/{}/{}/{}/{}",
            mention.assertion.name(),
            mention.finding,
            mention.laterality.map_or("", Laterality::name),
            mention.larger.map_or("", Laterality::name),
            places.join(","),
            mention.severity.as_deref().unwrap_or_default(),
            mention.size.map(|size| size.longest_mm.to_string()).unwrap_or_default(),
            times.join(","),
        )
    }

    /// Parses the text of a mention; `None` for any other text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('/');
        let mut next = || parts.next();
        let (assertion, finding, side, larger) = (next()?, next()?, next()?, next()?);
        let (places, severity, size, times) = (next()?, next()?, next()?, next()?);
        let size_mm = if size.is_empty() { None } else { Some(size.parse().ok()?) };
        next().is_none().then_some(Self {
            assertion,
            finding,
            side,
            larger,
            places,
            severity,
            size_mm,
            times,
        })
    }
}

/// Written as the restrictions that it combines.
impl Display for MentionFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        let column = finding_column(self.assertion);
        let mut parts = Vec::new();
        if !self.findings.is_empty() {
            parts.push(self.findings.iter().map(|id| format!("{column}:\"{id}\"")).collect::<Vec<_>>());
        } else if self.assertion != Assertion::Present {
            parts.push(vec![format!("{column}:*")]);
        }
        parts.extend(self.details.iter().map(|any| any.iter().flat_map(DetailFilter::texts).collect()));
        for (index, any) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" AND ")?;
            }
            match any.as_slice() {
                [one] => f.write_str(one)?,
                several => write!(f, "({})", several.join(" OR "))?,
            }
        }
        Ok(())
    }
}

impl DetailFilter {
    /// Restrictions, one of which must hold.
    fn texts(&self) -> Vec<String> {
        let field = self.detail.field();
        match &self.test {
            DetailTest::AnyOf(ids) => ids.iter().map(|id| format!("{field} = \"{id}\"")).collect(),
            DetailTest::NoneOf(ids) => {
                vec![ids.iter().map(|id| format!("{field} != \"{id}\"")).collect::<Vec<_>>().join(" AND ")]
            }
            DetailTest::Said => vec![format!("{field}:*")],
            DetailTest::Size(comparison, than) => vec![format!("{field} {} {than:?}", comparison.sign())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Place, Size, Span};

    fn mention() -> Mention {
        let span = Span { start: 0, end: 1 };
        Mention {
            finding: "nodule".into(),
            span,
            assertion: Assertion::Present,
            laterality: Some(Laterality::Left),
            larger: None,
            places: ["lower", "base", "lower"].map(|id| Place { id: id.into(), span }).into(),
            size: Some(Size { longest_mm: 12.5, earlier_mm: None, span }),
            severity: Some("mild".into()),
            times: vec!["new".into(), "acute".into()],
            overridden: false,
        }
    }

    #[test]
    fn a_mention_is_one_text_and_back() {
        let text = MentionKey::text_of(&mention());
        assert_eq!(text, "present/nodule/left//base,lower/mild/12.5/acute,new");
        let key = MentionKey::parse(&text).unwrap();
        assert_eq!((key.side, key.places, key.size_mm), ("left", "base,lower", Some(12.5)));
        let bare = Mention {
            laterality: None,
            larger: None,
            places: vec![],
            size: None,
            severity: None,
            times: vec![],
            ..mention()
        };
        let text = MentionKey::text_of(&bare);
        assert_eq!(text, "present/nodule//////");
        assert_eq!(MentionKey::parse(&text).unwrap().size_mm, None);
        for wrong in ["", "present/nodule", "a/b/c/d/e/f/g/h/i", "present/nodule/left////x/"] {
            assert_eq!(MentionKey::parse(wrong), None, "{wrong}");
        }
    }

    fn fits(detail: Detail, test: DetailTest, key: &str) -> bool {
        let filter = DetailFilter { detail, test };
        let filter = MentionFilter {
            assertion: Assertion::Present,
            findings: vec!["nodule".into()],
            details: vec![vec![filter]],
        };
        filter.fits(&MentionKey::parse(key).unwrap())
    }

    #[test]
    fn details_are_tested_on_one_mention() {
        let any = |ids: &[&str]| DetailTest::AnyOf(ids.iter().map(|&id| id.to_owned()).collect());
        let none = |ids: &[&str]| DetailTest::NoneOf(ids.iter().map(|&id| id.to_owned()).collect());
        let key = "present/nodule/left//base,lower/mild/12.5/acute,new";
        assert!(fits(Detail::Side, any(&["left"]), key) && !fits(Detail::Side, any(&["right"]), key));
        assert!(fits(Detail::Side, none(&["right"]), key) && !fits(Detail::Side, none(&["left"]), key));
        assert!(
            fits(Detail::Place, any(&["apex", "base"]), key) && !fits(Detail::Place, any(&["apex"]), key)
        );
        assert!(fits(Detail::Time, any(&["new"]), key) && fits(Detail::Severity, DetailTest::Said, key));
        assert!(fits(Detail::SizeMm, DetailTest::Size(Comparison::GreaterOrEqual, 12.5), key));
        assert!(!fits(Detail::SizeMm, DetailTest::Size(Comparison::Less, 12.5), key));
        assert!(!fits(Detail::Side, any(&["left"]), "absent/nodule/left/////"), "another assertion");
        assert!(!fits(Detail::Side, any(&["left"]), "present/mass/left/////"), "another finding");
        let both = "present/nodule/bilateral/left////";
        assert!(fits(Detail::Side, any(&["left"]), both) && !fits(Detail::Side, none(&["left"]), both));
        assert!(
            fits(Detail::LargerSide, any(&["left"]), both)
                && !fits(Detail::LargerSide, any(&["right"]), both)
        );
        let unsaid = "present/nodule//////";
        assert!(!fits(Detail::Side, none(&["left"]), unsaid), "an unknown side is not another side");
        assert!(!fits(Detail::SizeMm, DetailTest::Said, unsaid));
    }

    #[test]
    fn a_filter_is_written_as_restrictions() {
        let left = DetailFilter { detail: Detail::Side, test: DetailTest::AnyOf(vec!["left".into()]) };
        let large =
            DetailFilter { detail: Detail::SizeMm, test: DetailTest::Size(Comparison::Greater, 10.0) };
        let new = DetailFilter { detail: Detail::Time, test: DetailTest::Said };
        let filter = MentionFilter {
            assertion: Assertion::Absent,
            findings: vec!["mass".into(), "nodule".into()],
            details: vec![vec![left], vec![large, new]],
        };
        let expected = "(finding.absent:\"mass\" OR finding.absent:\"nodule\") AND finding.side = \"left\" \
                        AND (finding.size_mm > 10.0 OR finding.time:*)";
        assert_eq!(filter.to_string(), expected);
    }
}
