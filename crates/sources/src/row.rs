//! The cells of a row to a case.

mod objects;

use crate::binding::{Binding, Use};
use crate::cell::Cell;
use crate::date_format::DateFormat;
use crate::json::check_keys;
use crate::target::Target;
use objects::ImageObject;
use precedent_model::{
    Case, CaseId, FieldKind, Image, MAX_IMAGES, ModelError, PatientKey, Report, SectionKind,
};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Most ignored columns whose names are kept.
const MAX_IGNORED: usize = 1024;

/// A column with its value.
pub(crate) type NamedCell = (Arc<str>, Cell);

/// Columns that nothing uses, each once, in the order in which they turned up.
#[derive(Default)]
pub(crate) struct Ignored {
    names: Vec<String>,
    seen: HashSet<String>,
}

impl Ignored {
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Something uses it after all.
    #[cfg(feature = "parquet")]
    pub fn remove(&mut self, name: &str) {
        self.seen.remove(name);
        self.names.retain(|ignored| ignored != name);
    }

    pub fn add(&mut self, name: &str) {
        if self.names.len() < MAX_IGNORED && !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            self.names.push(name.to_owned());
        }
    }
}

/// What of a case has been read so far.
#[derive(Default)]
struct Draft {
    case_id: Option<String>,
    patient_id: Option<String>,
    issuer: Option<String>,
    sections: BTreeMap<SectionKind, String>,
    /// The report's parts in an order of their own.
    ordered: Vec<(SectionKind, String)>,
    images: Vec<String>,
    views: Vec<Option<String>>,
    /// Images that are objects.
    objects: Vec<ImageObject>,
    /// Texts by field, with the column that they came from.
    fields: BTreeMap<String, (Arc<str>, Vec<String>)>,
    /// What is wrong with fields that are left out.
    dropped: Vec<ModelError>,
}

/// What a row holds.
pub(crate) struct Built {
    pub case: Case,
    /// Per image the row of its embedding, where the images say it.
    pub embedding_rows: Option<Vec<Option<u64>>>,
    /// What is wrong with fields that are left out.
    pub dropped: Vec<ModelError>,
}

/// Makes a case of a row. Fields that cannot be read are left out; besides the case, what is wrong with them.
///
/// # Errors
/// The first thing that is wrong with what a case cannot do without: its id, its patient, its report, its images.
pub(crate) fn build(
    cells: Vec<NamedCell>,
    binding: &Binding,
    ignored: &mut Ignored,
) -> Result<Built, ModelError> {
    let mut draft = Draft::default();
    for (target, text) in &binding.constants {
        let used = Use { target: target.clone(), split: None, date_formats: Vec::new() };
        draft.fill(&used, Cell::Text(text.clone()), &Arc::from(target.name()), binding, ignored)?;
    }
    for (column, cell) in cells {
        let uses = binding.uses(&column);
        if uses.iter().all(|used| used.target == Target::Embedding) {
            ignored.add(&column);
        }
        for used in uses {
            draft.fill(&used, cell.clone(), &column, binding, ignored)?;
        }
    }
    draft.finish(binding)
}

impl Draft {
    fn fill(
        &mut self,
        used: &Use,
        cell: Cell,
        column: &Arc<str>,
        binding: &Binding,
        ignored: &mut Ignored,
    ) -> Result<(), ModelError> {
        let (target, split) = (&used.target, used.split.as_deref());
        let shape = |problem: &'static str| {
            named(ModelError::new(target.name(), problem, "write it as the manifest format has it"), column)
        };
        match target {
            Target::CaseId => self.case_id = cell.into_text().map_err(shape)?,
            Target::PatientId => self.patient_id = cell.into_identifier().map_err(shape)?,
            Target::Issuer => self.issuer = cell.into_identifier().map_err(shape)?,
            Target::Images if matches!(cell, Cell::Objects(_)) => self.objects = objects::images_of(cell)?,
            Target::Images => {
                self.images = cell.into_list(split).map_err(shape)?.into_iter().flatten().collect();
            }
            Target::View => {
                let views = cell.into_list(split).map_err(shape)?;
                if binding.schema().kind("view").is_some() {
                    self.add_values("view", column, views.iter().flatten().cloned());
                }
                self.views = views;
            }
            Target::Section(kind) => {
                if let Some(text) = cell.into_text().map_err(shape)? {
                    self.sections.insert(*kind, text);
                }
            }
            Target::Sections => {
                self.ordered = objects::sections(cell).map_err(|error| named(error, column))?
            }
            // Is read apart from the cells, if at all.
            Target::Embedding => {}
            Target::Labels => self.fill_labels(cell, column, binding, ignored)?,
            Target::Fields => self.fill_fields(cell, column, binding, ignored)?,
            Target::Field(name) => match cell.into_list(split) {
                Ok(texts) => {
                    let texts = texts.into_iter().flatten().collect();
                    self.add_dates_or_values(name, column, texts, binding, used);
                }
                Err(problem) => self.dropped.push(shape(problem)),
            },
        }
        Ok(())
    }

    fn fill_labels(
        &mut self,
        cell: Cell,
        column: &Arc<str>,
        binding: &Binding,
        ignored: &mut Ignored,
    ) -> Result<(), ModelError> {
        let entries = match cell {
            Cell::Object(entries) => entries,
            Cell::Missing => return Ok(()),
            Cell::Text(text) if text.trim().is_empty() => return Ok(()),
            _ => {
                let remedy = "write an object of fields, or name the field in [labels] of a map";
                return Err(named(ModelError::new("labels", "is no object", remedy), column));
            }
        };
        check_keys(&entries)?;
        for (name, cell) in entries {
            let path: Arc<str> = format!("{column}.{name}").into();
            if binding.schema().kind(&name).is_none() {
                ignored.add(&path);
                continue;
            }
            let wrong = |problem| ModelError::new(&name, problem, "write a text or a list of texts");
            match cell.into_list(None) {
                Ok(texts) => {
                    let used = Use { target: Target::Labels, split: None, date_formats: Vec::new() };
                    let texts = texts.into_iter().flatten().collect();
                    self.add_dates_or_values(&name, &path, texts, binding, &used);
                }
                Err(problem) => self.dropped.push(named(wrong(problem), &path)),
            }
        }
        Ok(())
    }

    fn fill_fields(
        &mut self,
        cell: Cell,
        column: &Arc<str>,
        binding: &Binding,
        ignored: &mut Ignored,
    ) -> Result<(), ModelError> {
        let entries = match cell {
            Cell::Object(entries) => entries,
            Cell::Missing => return Ok(()),
            _ => {
                let remedy = "write an object of fields, each a text or a list of texts";
                return Err(named(ModelError::new("fields", "is no object", remedy), column));
            }
        };
        check_keys(&entries)?;
        for (name, cell) in entries {
            let path: Arc<str> = format!("{column}.{name}").into();
            match (binding.schema().kind(&name), cell.into_written()) {
                (None, _) => ignored.add(&path),
                (_, Ok(texts)) => self.add_values(&name, &path, texts.into_iter()),
                (_, Err(problem)) => {
                    let error = ModelError::new(&name, problem, "write a text or a list of texts");
                    self.dropped.push(named(error, &path));
                }
            }
        }
        Ok(())
    }

    /// Adds the values of a field; dates are brought from the forms that the map names to that of the manifest.
    fn add_dates_or_values(
        &mut self,
        field: &str,
        column: &Arc<str>,
        texts: Vec<String>,
        binding: &Binding,
        used: &Use,
    ) {
        let formats = binding.date_formats(used);
        if formats.is_empty() || binding.schema().kind(field) != Some(FieldKind::Date) {
            return self.add_values(field, column, texts.into_iter());
        }
        let read = |text: &String| formats.iter().find_map(|format| format.read(text));
        match texts.iter().map(read).collect::<Option<Vec<_>>>() {
            Some(dates) => self.add_values(field, column, dates.iter().map(ToString::to_string)),
            None => {
                let known: Vec<&str> = formats.iter().map(DateFormat::text).collect();
                let problem = format!("is no date of the form {}", known.join(" or "));
                let error = ModelError::new(field, problem, "add its form to date_format in the map");
                self.dropped.push(named(error, column));
            }
        }
    }

    fn add_values(&mut self, field: &str, column: &Arc<str>, texts: impl Iterator<Item = String>) {
        let (_, values) =
            self.fields.entry(field.to_owned()).or_insert_with(|| (Arc::clone(column), Vec::new()));
        values.extend(texts);
    }

    fn finish(mut self, binding: &Binding) -> Result<Built, ModelError> {
        let id = self.case_id.ok_or_else(|| {
            ModelError::new("case_id", "is missing", "give every case an id, or name its column in a map")
        })?;
        let mut case = Case::new(CaseId::new(&id)?);
        case.patient = match &self.patient_id {
            Some(id) => Some(PatientKey::new(id, self.issuer.as_deref())?),
            None => None,
        };
        for (name, (column, texts)) in &self.fields {
            match binding.schema().parse_values(name, texts.iter().map(String::as_str)) {
                Ok(values) if values.is_empty() => {}
                Ok(values) => drop(case.fields.insert(name.clone(), values)),
                Err(error) => self.dropped.push(named(error, column)),
            }
        }
        if !self.ordered.is_empty() && !self.sections.is_empty() {
            let problem = "is given beside a column for a part of the report";
            return Err(ModelError::new("sections", problem, "keep one of the two"));
        }
        if !self.ordered.is_empty() {
            case.report = Some(Report::new(self.ordered)?);
        } else if !self.sections.is_empty() {
            case.report = Some(Report::new(self.sections)?);
        }
        let embedding_rows = objects::embedding_rows(&self.objects);
        case.images = match self.objects.is_empty() {
            true => images(self.images, self.views)?,
            false => objects::with_views(self.objects, self.views)?,
        };
        Ok(Built { case, embedding_rows, dropped: self.dropped })
    }
}

/// Puts views to images: one for all, or one each.
fn images(names: Vec<String>, mut views: Vec<Option<String>>) -> Result<Vec<Image>, ModelError> {
    if names.len() > MAX_IMAGES {
        let problem = format!("has {} entries, the limit is {MAX_IMAGES}", names.len());
        return Err(ModelError::new("images", problem, "split the study"));
    }
    // A separator at the end of a text leaves a blank behind.
    while views.len() > names.len() && views.last() == Some(&None) {
        views.pop();
    }
    let image = |name: &str, view: &Option<String>| Image {
        name: name.trim().to_owned(),
        view: view.as_ref().map(|view| view.trim().to_owned()),
    };
    match views.as_slice() {
        [] => Ok(names.iter().map(|name| image(name, &None)).collect()),
        // An embedding may come for a picture without a name; its view is known all the same.
        [view] if names.is_empty() => Ok(vec![image("", view)]),
        _ if names.is_empty() => Ok(Vec::new()),
        [view] => Ok(names.iter().map(|name| image(name, view)).collect()),
        views if views.len() == names.len() => {
            Ok(names.iter().zip(views).map(|(name, view)| image(name, view)).collect())
        }
        views => {
            let problem = format!("has {} entries for {} images", views.len(), names.len());
            Err(ModelError::new(
                "view",
                problem,
                "give one for all or one for each, null where it is unknown",
            ))
        }
    }
}

/// Says which column of the manifest it is about, where that is called otherwise.
pub(crate) fn named(mut error: ModelError, column: &str) -> ModelError {
    if error.field != column {
        error.problem = format!("{} (column {column})", error.problem);
    }
    error
}
