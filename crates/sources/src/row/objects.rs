//! What JSON rows say in objects: images with a name, a view and an embedding each, and the parts of a report in order.

use super::images;
use crate::cell::Cell;
use crate::json::check_keys;
use precedent_model::{Image, MAX_IMAGES, ModelError, SectionKind};

/// One entry of `images` that is an object.
#[derive(Default)]
pub(super) struct ImageObject {
    name: String,
    view: Option<String>,
    /// The row of its embedding; `Some(None)` where it says that there is none.
    embedding_row: Option<Option<u64>>,
}

/// The images of a list of objects. Texts are taken as they are written.
///
/// # Errors
/// A key that is none of theirs or there twice, a value of another kind.
pub(super) fn images_of(cell: Cell) -> Result<Vec<ImageObject>, ModelError> {
    let Cell::Objects(objects) = cell else { return Ok(Vec::new()) };
    let remedy = "write { \"name\": text, \"view\": text, \"embedding_row\": number from 0 }";
    let mut found = Vec::with_capacity(objects.len());
    for (place, entries) in objects.into_iter().enumerate() {
        check_keys(&entries)?;
        let mut image = ImageObject::default();
        for (key, cell) in entries {
            let wrong = |problem: &str| ModelError::new(format!("images[{place}].{key}"), problem, remedy);
            match key.as_str() {
                "name" => image.name = written(cell).map_err(wrong)?.unwrap_or_default(),
                "view" => image.view = written(cell).map_err(wrong)?,
                "embedding_row" => {
                    let row = written(cell).map_err(wrong)?.map(|text| text.parse());
                    image.embedding_row = Some(row.transpose().map_err(|_| wrong("is no number of a row"))?);
                }
                _ => return Err(wrong("is no key of an image")),
            }
        }
        found.push(image);
    }
    Ok(found)
}

/// The parts of a report, in their order.
///
/// # Errors
/// Anything but a list of objects with a section and its text.
pub(super) fn sections(cell: Cell) -> Result<Vec<(SectionKind, String)>, ModelError> {
    let remedy = "write a list of { \"section\": name, \"text\": text }";
    let objects = match cell {
        Cell::Objects(objects) => objects,
        Cell::Missing => return Ok(Vec::new()),
        Cell::List(items) if items.is_empty() => return Ok(Vec::new()),
        _ => return Err(ModelError::new("sections", "is no list of objects", remedy)),
    };
    let mut found = Vec::with_capacity(objects.len());
    for (place, entries) in objects.into_iter().enumerate() {
        check_keys(&entries)?;
        let (mut kind, mut text) = (None, None);
        for (key, cell) in entries {
            let wrong = |problem: &str| ModelError::new(format!("sections[{place}].{key}"), problem, remedy);
            let value = written(cell).map_err(wrong)?;
            match key.as_str() {
                "section" => kind = value.as_deref().and_then(SectionKind::from_name),
                "text" => text = value,
                _ => return Err(wrong("is no key of a section")),
            }
        }
        let Some(kind) = kind else {
            let names = SectionKind::ALL.map(SectionKind::name).join(", ");
            let field = format!("sections[{place}].section");
            return Err(ModelError::new(field, "names no section", format!("use one of {names}")));
        };
        found.push((kind, text.unwrap_or_default()));
    }
    Ok(found)
}

/// A text as it is written.
fn written(cell: Cell) -> Result<Option<String>, &'static str> {
    match cell {
        Cell::Text(text) => Ok(Some(text)),
        // The rest is missing, or said to be no text.
        other => other.into_text(),
    }
}

/// The rows of the embeddings, if any image speaks of one.
pub(super) fn embedding_rows(images: &[ImageObject]) -> Option<Vec<Option<u64>>> {
    let said = images.iter().any(|image| image.embedding_row.is_some());
    said.then(|| images.iter().map(|image| image.embedding_row.flatten()).collect())
}

/// The images, with a view of the column `view` where they have none of their own.
///
/// # Errors
/// Too many images, or another number of views.
pub(super) fn with_views(
    objects: Vec<ImageObject>,
    views: Vec<Option<String>>,
) -> Result<Vec<Image>, ModelError> {
    if objects.len() > MAX_IMAGES {
        let problem = format!("has {} entries, the limit is {MAX_IMAGES}", objects.len());
        return Err(ModelError::new("images", problem, "split the study"));
    }
    let of_column = images(vec![String::new(); objects.len()], views)?;
    let both = objects.into_iter().zip(of_column);
    Ok(both.map(|(object, column)| Image { name: object.name, view: object.view.or(column.view) }).collect())
}
