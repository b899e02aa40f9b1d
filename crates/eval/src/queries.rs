//! What is asked: rows of a file, or cases of the index.
//!
//! A row is a JSON object on a line of its own:
//!
//! ```text
//! case_id                        a case of the index that asks with its embeddings or its report; itself and its patient are left out
//! embedding, encoder_id          a vector, or a list of vectors
//! image                          a file, from the folder of the file of queries
//! image_text, text, filter       as in a search
//! patient_id, patient_id_issuer  whose cases to leave out
//! before                         only cases before this date
//! relevant                       {case id: grade}, grades from 0 to 10: the truth, in place of findings
//! findings                       names of the findings or labels of a query that is no case
//! groups                         {name: value}: subgroups of its own
//! ```

use crate::EvalError;
use crate::cases::{Cases, Findings, Truth, field_values, study_date};
use crate::intervals::SplitMix;
use crate::metrics::{Grade, MAX_GRADE};
use precedent_engine::View;
use precedent_model::{Case, CaseId, PartialDate, PatientKey, Report, SectionKind};
use precedent_query::{EncodedQueryImage, MAX_QUERY_VECTORS, MAX_TEXT_BYTES, QueryImage, QueryVector};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Most queries of one evaluation.
pub const MAX_QUERIES: usize = 20_000;
/// Longest row of the file, in bytes.
const MAX_ROW_BYTES: u64 = 4 << 20;
/// Most bytes of the text of all rows, as they are kept.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// Names that a row may have.
const NAMES: [&str; 13] = [
    "case_id",
    "embedding",
    "encoder_id",
    "image",
    "image_text",
    "text",
    "filter",
    "patient_id",
    "patient_id_issuer",
    "before",
    "relevant",
    "findings",
    "groups",
];

/// What a case of the index asks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AskBy {
    /// Its embeddings where the index has an image space, otherwise its report.
    #[default]
    Auto,
    /// Its embeddings.
    Images,
    /// Its impression, or its findings without one.
    Report,
    /// Both.
    Both,
}

impl AskBy {
    fn images(self, view: &View) -> bool {
        match self {
            Self::Auto => view.definition().image_space.is_some(),
            Self::Images | Self::Both => true,
            Self::Report => false,
        }
    }

    fn report(self, view: &View) -> bool {
        match self {
            Self::Auto => view.definition().image_space.is_none(),
            Self::Report | Self::Both => true,
            Self::Images => false,
        }
    }
}

/// Cases with their grades.
pub(crate) type Graded = Vec<(u32, Grade)>;

/// One query.
#[derive(Default)]
pub(crate) struct Query {
    /// What it is called in lists: its case, or its line.
    pub name: String,
    /// The case that asks.
    pub case: Option<u32>,
    /// The case, where it asks with its embeddings.
    pub example: Option<CaseId>,
    pub vectors: Vec<QueryVector>,
    pub image: Option<PathBuf>,
    pub image_text: Option<String>,
    pub text: Option<String>,
    /// Whether the text is a report's, whose words are spelt as they are.
    pub literal: bool,
    pub filter: Option<String>,
    pub patient: Option<PatientKey>,
    pub before: Option<PartialDate>,
    pub relevant: Option<Graded>,
    /// Relevant cases that the index lacks.
    pub missing: usize,
    pub findings: Option<Findings>,
    pub groups: BTreeMap<String, Vec<String>>,
}

/// How cases become queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// With what a case asks.
    pub by: AskBy,
    /// Whether a case finds earlier cases only, if it has a date.
    pub earlier_only: bool,
    /// Fields whose values make subgroups.
    pub fields: Vec<String>,
}

impl Query {
    /// The images of the query, ready to be searched with.
    pub fn query_images(&self) -> Result<Vec<QueryImage>, EvalError> {
        let Some(path) = &self.image else { return Ok(Vec::new()) };
        let content = std::fs::read(path).map_err(|source| EvalError::File { path: path.clone(), source })?;
        Ok(vec![QueryImage { content, view: None }])
    }

    /// Whether it searches images.
    pub fn asks_images(&self) -> bool {
        self.example.is_some()
            || !self.vectors.is_empty()
            || self.image.is_some()
            || self.image_text.is_some()
    }
}

/// The embedding of a query image, once it is known.
pub(crate) type Encoded = Vec<EncodedQueryImage>;

/// Turns cases into queries.
pub(crate) struct Maker<'a> {
    pub view: &'a View,
    pub cases: &'a Cases,
    pub truth: &'a Truth,
    pub asking: &'a Asking,
}

impl Maker<'_> {
    /// Up to `count` cases as queries, of different patients, drawn at random.
    pub fn sample(&self, count: usize, seed: u64, stop: &dyn Fn() -> bool) -> Result<Vec<Query>, EvalError> {
        let mut random = SplitMix::of(seed, 0);
        let mut units: Vec<usize> = (0..self.cases.units().len()).collect();
        random.shuffle(&mut units);
        let mut queries = Vec::new();
        for unit in units {
            if stop() {
                return Err(EvalError::Stopped);
            }
            if queries.len() == count.min(MAX_QUERIES) {
                break;
            }
            let of_unit = &self.cases.units()[unit];
            let case = of_unit[random.below(of_unit.len())];
            if self.cases.is_known(case) {
                queries.extend(self.of_case(case)?.ok());
            }
        }
        // In the order of the archive, so that two samples can be compared by eye.
        queries.sort_by_key(|query| query.case);
        Ok(queries)
    }

    /// A case as a query, or why it cannot ask.
    fn of_case(&self, number: u32) -> Result<Result<Query, &'static str>, EvalError> {
        let id = self.cases.id(number).clone();
        let (listed, _) = self.view.list_ids(std::slice::from_ref(&id))?;
        let Some(new) = listed.whole_cases().next().transpose()? else { return Ok(Err("is gone")) };
        let embeddings = new.embeddings.iter().flatten().count();
        let mut query = Query { name: id.as_str().to_owned(), case: Some(number), ..Query::default() };
        if self.asking.by.images(self.view) {
            match embeddings {
                0 => return Ok(Err("has no embedding; ask by report, or leave the row out")),
                1..=MAX_QUERY_VECTORS => query.example = Some(id),
                _ => return Ok(Err("has more embeddings than a search takes; leave the row out")),
            }
        }
        if self.asking.by.report(self.view) {
            query.text = new.case.report.as_ref().and_then(text_of);
            query.literal = true;
            if query.text.is_none() {
                return Ok(Err("has no findings or impression to ask with; leave the row out"));
            }
        }
        query.patient = new.case.patient.clone();
        query.before = study_date(&new.case).filter(|_| self.asking.earlier_only);
        query.findings = self.cases.is_known(number).then(|| self.cases.findings(number).to_vec());
        query.groups = self.groups(&new.case);
        Ok(Ok(query))
    }

    fn groups(&self, case: &Case) -> BTreeMap<String, Vec<String>> {
        let fields = self.asking.fields.iter();
        fields
            .map(|field| {
                let mut values = field_values(case, field);
                if field == "view" {
                    let views = case.images.iter().filter_map(|image| image.view.as_deref());
                    values.extend(views.map(precedent_model::fold_keyword));
                }
                if field == "age" {
                    values = values.iter().filter_map(|value| Some(age_band(value.parse().ok()?))).collect();
                }
                values.sort_unstable();
                values.dedup();
                (field.clone(), values)
            })
            .collect()
    }

    /// The queries of a file.
    ///
    /// # Errors
    /// Every row that cannot be asked, by its line.
    pub fn read(&self, path: &Path, stop: &dyn Fn() -> bool) -> Result<Vec<Query>, EvalError> {
        let about = |source| EvalError::File { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(about)?);
        let (mut queries, mut wrong, mut line, mut bytes) = (Vec::new(), Vec::new(), 0_usize, 0_u64);
        loop {
            if stop() {
                return Err(EvalError::Stopped);
            }
            let mut row = Vec::new();
            let read = (&mut file).take(MAX_ROW_BYTES + 1).read_until(b'\n', &mut row).map_err(about)? as u64;
            if read == 0 {
                break;
            }
            (line, bytes) = (line + 1, bytes + read);
            let fault = |problem: &str| format!("{}:{line}: {problem}", path.display());
            if read > MAX_ROW_BYTES || bytes > MAX_FILE_BYTES {
                wrong.push(fault(
                    "the row is longer than 4 MiB, or the file than 1 GiB; give fewer or shorter vectors",
                ));
                break;
            }
            let row = row.trim_ascii();
            if row.is_empty() {
                continue;
            }
            if queries.len() == MAX_QUERIES {
                wrong.push(fault(&format!("more than {MAX_QUERIES} queries; split the file")));
                break;
            }
            match self.of_row(row, line, path.parent().unwrap_or(Path::new("")))? {
                Ok(query) => queries.push(query),
                Err(problem) => wrong.push(fault(&problem)),
            }
        }
        match wrong.is_empty() {
            true => Ok(queries),
            false => Err(EvalError::Rows(wrong)),
        }
    }

    fn of_row(&self, row: &[u8], line: usize, folder: &Path) -> Result<Result<Query, String>, EvalError> {
        let fields = match serde_json::from_slice(row) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Ok(Err("is no JSON object; write {\"case_id\": \"...\"}".to_owned())),
            Err(error) => {
                return Ok(Err(format!("is no JSON at column {}; write one object a line", error.column())));
            }
        };
        let row = Row { fields: &fields };
        if let Some(name) = fields.keys().find(|name| !NAMES.contains(&name.as_str())) {
            let shown = if name.len() <= 40 && name.is_ascii() { name } else { "a name" };
            return Ok(Err(format!("{shown}: a row has no such field; it may have {}", NAMES.join(", "))));
        }
        let case = match row.text("case_id") {
            Err(problem) => return Ok(Err(problem)),
            Ok(None) => None,
            Ok(Some(id)) => match CaseId::new(&id).ok().and_then(|id| self.cases.find(&id)) {
                Some(case) => Some(case),
                None => {
                    return Ok(
                        Err("case_id: the index has no case of that id; leave the row out".to_owned()),
                    );
                }
            },
        };
        let own = ["embedding", "image", "image_text", "text"].iter().any(|name| fields.contains_key(*name));
        let query = match case {
            // What the row brings is asked in place of what the case has.
            Some(case) if own => self.bare(case)?,
            Some(case) => match self.of_case(case)? {
                Ok(query) => query,
                Err(problem) => return Ok(Err(format!("case_id: the case {problem}"))),
            },
            None => Query { name: format!("line {line}"), ..Query::default() },
        };
        Ok(self.completed(query, &row, folder))
    }

    /// A case that does not ask itself.
    fn bare(&self, number: u32) -> Result<Query, EvalError> {
        let id = self.cases.id(number);
        let case = self.view.case(id)?;
        Ok(Query {
            name: id.as_str().to_owned(),
            case: Some(number),
            patient: case.as_ref().and_then(|case| case.patient.clone()),
            before: case.as_ref().and_then(study_date).filter(|_| self.asking.earlier_only),
            findings: self.cases.is_known(number).then(|| self.cases.findings(number).to_vec()),
            groups: case.as_ref().map(|case| self.groups(case)).unwrap_or_default(),
            ..Query::default()
        })
    }

    /// Adds what the row says to what its case says.
    fn completed(&self, mut query: Query, row: &Row<'_>, folder: &Path) -> Result<Query, String> {
        query.vectors = row.vectors(self.view)?;
        query.image = row.text("image")?.map(|name| folder.join(name));
        if query.image.as_ref().is_some_and(|image| !image.is_file()) {
            return Err("image: is no file; paths start at the folder of the queries".to_owned());
        }
        query.image_text = row.text("image_text")?;
        query.text = row.text("text")?.or(query.text);
        if query.text.as_ref().is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
            return Err(format!("text: has more than {MAX_TEXT_BYTES} bytes; shorten it"));
        }
        query.filter = row.text("filter")?;
        if let Some(id) = row.text("patient_id")? {
            let issuer = row.text("patient_id_issuer")?;
            query.patient = Some(PatientKey::new(&id, issuer.as_deref()).map_err(|error| error.to_string())?);
        }
        if let Some(date) = row.text("before")? {
            query.before = Some(PartialDate::parse("before", &date).map_err(|error| error.to_string())?);
        }
        if !query.asks_images() && query.text.is_none() {
            return Err("asks for nothing; give case_id, embedding, image, image_text or text".to_owned());
        }
        if let Some(named) = row.texts("findings")? {
            query.findings = Some(self.findings(&named)?);
        }
        if let Some((relevant, missing)) = self.relevant(row)? {
            (query.relevant, query.missing) = (Some(relevant), missing);
        }
        if query.relevant.is_none() && query.findings.is_none() {
            return Err("nothing is known of what is relevant; give relevant or findings, or a case_id with a report \
                        or labels"
                .to_owned());
        }
        for (name, value) in row.object("groups")?.into_iter().flatten() {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(choice) => choice.to_string(),
                _ => return Err(format!("groups.{name}: is no text or number; write one value")),
            };
            query.groups.insert(name.clone(), vec![value]);
        }
        Ok(query)
    }

    fn findings(&self, named: &[String]) -> Result<Findings, String> {
        let lexicon = self.view.reader().lexicon();
        let mut numbers = Vec::new();
        for (place, name) in named.iter().enumerate() {
            let ids = match self.truth {
                Truth::Labels(_) => vec![precedent_model::fold_keyword(name)],
                Truth::Reports => match lexicon.find(name) {
                    Some(id) => lexicon.broader(&id).iter().map(|id| id.to_string()).collect(),
                    None => {
                        let remedy = "give a name that `precedent report --findings` lists";
                        return Err(format!("findings[{place}]: the lexicon has no such finding; {remedy}"));
                    }
                },
            };
            numbers.extend(ids.iter().filter_map(|id| self.cases.number_of(id)));
        }
        Ok(self.cases.set_of(numbers))
    }

    /// The cases that the row names, with their grades, and how many of them the index lacks.
    fn relevant(&self, row: &Row<'_>) -> Result<Option<(Graded, usize)>, String> {
        let Some(given) = row.object("relevant")? else { return Ok(None) };
        let (mut relevant, mut missing) = (Vec::new(), 0);
        for (place, (id, grade)) in given.iter().enumerate() {
            let grade = grade
                .as_u64()
                .and_then(|grade| Grade::try_from(grade).ok())
                .filter(|grade| *grade <= MAX_GRADE);
            let Some(grade) = grade else {
                return Err(format!("relevant: entry {} has no grade from 0 to {MAX_GRADE}", place + 1));
            };
            match CaseId::new(id).ok().and_then(|id| self.cases.find(&id)) {
                Some(case) if grade > 0 => relevant.push((case, grade)),
                None if grade > 0 => missing += 1,
                _ => {}
            }
        }
        relevant.sort_unstable();
        Ok(Some((relevant, missing)))
    }
}

/// The fields of a row, read without ever quoting them.
struct Row<'a> {
    fields: &'a Map<String, Value>,
}

impl Row<'_> {
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("{name}: is no text; write it in quotes")),
        }
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        let wrong = || format!("{name}: is no list of texts; write [\"...\"]");
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(values)) => {
                let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Some).ok_or_else(wrong)
            }
            Some(_) => Err(wrong()),
        }
    }

    fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(format!("{name}: is no object; write {{\"...\": ...}}")),
        }
    }

    fn vectors(&self, view: &View) -> Result<Vec<QueryVector>, String> {
        let Some(values) = self.fields.get("embedding").filter(|value| !value.is_null()) else {
            return Ok(Vec::new());
        };
        let wrong = || "embedding: is no list of numbers; write [0.1, ...]".to_owned();
        let Some(space) = &view.definition().image_space else {
            return Err("embedding: the index has no image space; ask by text".to_owned());
        };
        let encoder_id =
            self.text("encoder_id")?.ok_or("encoder_id: is missing; say which encoder made the embedding")?;
        if encoder_id != space.encoder_id() {
            return Err(
                "encoder_id: is not that of the index; encode with the encoder that `precedent stats` names"
                    .to_owned(),
            );
        }
        let list = values.as_array().ok_or_else(wrong)?;
        let is_nested = list.first().is_some_and(Value::is_array);
        let rows: Vec<&Value> = if is_nested { list.iter().collect() } else { vec![values] };
        if rows.len() > MAX_QUERY_VECTORS {
            return Err(format!("embedding: has {} vectors; give at most {MAX_QUERY_VECTORS}", rows.len()));
        }
        let vector = |row: &Value| {
            let numbers = row.as_array().ok_or_else(wrong)?.iter();
            let values: Vec<f32> =
                numbers.map(|n| n.as_f64().map(|n| n as f32)).collect::<Option<_>>().ok_or_else(wrong)?;
            if values.len() != space.dimension() {
                let (has, wants) = (values.len(), space.dimension());
                return Err(format!("embedding: has {has} numbers, the index has {wants}; give as many"));
            }
            Ok(QueryVector { values, encoder_id: encoder_id.clone() })
        };
        rows.into_iter().map(vector).collect()
    }
}

/// The bands of ages that subgroups go by.
fn age_band(years: f64) -> String {
    let band = match years {
        ..18.0 => "0-17",
        ..40.0 => "18-39",
        ..65.0 => "40-64",
        ..80.0 => "65-79",
        _ => "80 and over",
    };
    band.to_owned()
}

/// What a report asks with: its impression, or its findings. Marks of the language of queries are taken out.
fn text_of(report: &Report) -> Option<String> {
    let kinds = [SectionKind::Impression, SectionKind::Findings, SectionKind::Body];
    let sections = kinds.iter().filter_map(|kind| report.section(*kind));
    let mut text = sections.map(plain).find(|text| !text.is_empty())?;
    let end = (0..=text.len().min(MAX_TEXT_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    Some(text)
}

fn plain(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let word = word.trim_start_matches(['+', '-', '"', '\'']);
        word.replace(['"', ':', '\u{201c}', '\u{201d}'], " ")
    });
    words.collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_fall_into_bands() {
        let bands = [0.0, 17.0, 18.0, 39.0, 40.0, 64.0, 65.0, 80.0, 101.0].map(age_band);
        assert_eq!(
            bands,
            ["0-17", "0-17", "18-39", "18-39", "40-64", "40-64", "65-79", "80 and over", "80 and over"]
        );
    }

    #[test]
    fn a_report_asks_with_its_impression_without_marks() {
        let report = |sections: &[(SectionKind, &str)]| Report::new(sections.iter().copied()).unwrap();
        let both =
            [(SectionKind::Findings, "Clear."), (SectionKind::Impression, "1: \"Small\" -left +effusion")];
        assert_eq!(text_of(&report(&both)).unwrap(), "1  Small  left effusion");
        assert_eq!(text_of(&report(&both[..1])).unwrap(), "Clear.");
        assert_eq!(text_of(&report(&[(SectionKind::Indication, "Pain.")])), None);
        let long = "\u{e4}".repeat(MAX_TEXT_BYTES);
        assert_eq!(text_of(&report(&[(SectionKind::Body, &long)])).unwrap().len(), MAX_TEXT_BYTES);
    }
}
