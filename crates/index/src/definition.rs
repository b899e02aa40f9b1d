//! The definition of an index: its name, vector space, fields and graph, the site's lexicon, and placeholder patient ids. Read
//! from TOML and kept in the manifest.

use crate::LocalSpace;
use precedent_model::{Assertion, FieldKind, FieldSchema, MAX_THUMBNAIL_SIDE, PlaceholderIds};
use precedent_query::finding_column;
use precedent_report::{Lexicon, LexiconFile, ReportReader};
use precedent_vector::{Metric, VectorSpace};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The definition that `init` uses by default.
const CHEST_XRAY: &str = include_str!("../../../index/chest-xray.toml");

/// Why a definition was refused.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// Not TOML, or of the wrong structure.
    #[error("the definition cannot be read: {0}")]
    Syntax(String),
    /// Well-formed, but there cannot be such an index.
    #[error("the definition's {key} is refused: {problem}")]
    Value {
        /// The key in the file.
        key: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Parameters of the graph over the image space.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraphDefinition {
    /// The graph builder.
    #[serde(skip_serializing_if = "is_usual")]
    pub builder: GraphBuilder,
    /// How much memory a search may touch to be fast.
    pub layout: Layout,
    /// Links per node above level 0. Level 0 has four times as many in the layout `fast` (32 if links are stored in blocks), and
    /// twice as many in `compact`.
    pub m: usize,
    /// Search width while building, at least `m`.
    pub ef_construction: usize,
    /// Share of the nearest cases that a search should find, unless the request or `ef_search` specifies otherwise.
    pub target_recall: f32,
    /// Search width, in place of `target_recall`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ef_search: Option<usize>,
    /// Fewest distinct vectors for which a graph is built; smaller segments are compared as a whole, which is just as fast.
    pub min_nodes: usize,
}

impl Default for GraphDefinition {
    fn default() -> Self {
        Self {
            builder: GraphBuilder::Precedent,
            layout: Layout::Fast,
            m: 16,
            ef_construction: 200,
            target_recall: 0.99,
            ef_search: None,
            min_nodes: 5_000,
        }
    }
}

/// The builder of a graph; the same search code reads both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphBuilder {
    /// The program's own builder, which works on the codes of vectors.
    #[default]
    Precedent,
    /// The library hnsw_rs, which works on whole vectors and takes about fifteen times as long. Level 0 has `2 m` links in either
    /// layout.
    HnswRs,
}

/// The default builder is not written, so that earlier programs can read the definition.
fn is_usual(builder: &GraphBuilder) -> bool {
    *builder == GraphBuilder::default()
}

/// The memory layout of a graph; the same search code reads both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// More links on level 0, for fewer steps.
    #[default]
    Fast,
    /// Half as many: fewer bytes, and just as fast at a recall of 0.95.
    Compact,
}

/// The TOML form, as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionFile {
    name: String,
    #[serde(default)]
    description: String,
    /// Simple values stand before tables in TOML.
    #[serde(default, skip_serializing_if = "is_none_kept")]
    thumbnail_side: u32,
    #[serde(default, rename = "space")]
    spaces: Vec<SpaceFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<LocalSpace>,
    #[serde(default)]
    graph: GraphDefinition,
    #[serde(default, rename = "field")]
    fields: Vec<FieldFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patients: Option<PatientsFile>,
    #[serde(default, skip_serializing_if = "LexiconFile::is_empty")]
    lexicon: LexiconFile,
}

/// Earlier programs know no such key.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none_kept(side: &u32) -> bool {
    *side == 0
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatientsFile {
    placeholders: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpaceFile {
    role: String,
    dimension: usize,
    metric: Metric,
    encoder_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    name: String,
    kind: FieldKind,
}

/// What an index is made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The name under which a server offers the index.
    pub name: String,
    /// A one-line description.
    pub description: String,
    /// The space of the image embeddings; an index without one holds reports only.
    pub image_space: Option<VectorSpace>,
    /// The space of the vectors of parts of images and of sentences; an index without one keeps none.
    pub local_space: Option<LocalSpace>,
    /// Longest side of thumbnails, in pixels; 0 in an index that keeps none.
    pub thumbnail_side: u32,
    /// The graph over the image space.
    pub graph: GraphDefinition,
    /// The fields that filters can use.
    pub fields: FieldSchema,
    /// Placeholder patient ids: a case with one of them has no patient.
    pub placeholders: PlaceholderIds,
    /// The site's additions to the bundled lexicon of findings; usually none.
    pub lexicon: LexiconFile,
}

impl Definition {
    /// The bundled definition for chest radiographs, without a vector space: an index for your own encoder adds it.
    ///
    /// # Errors
    /// None in a released build: a test reads the definition.
    pub fn chest_xray() -> Result<Self, DefinitionError> {
        Self::from_toml(CHEST_XRAY)
    }

    /// Parses a definition file.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown key, or an invalid value; the message names the key, and the entry if it is in the
    /// lexicon.
    pub fn from_toml(text: &str) -> Result<Self, DefinitionError> {
        let definition = Self::kept(text)?;
        check_buildable(&definition.graph)?;
        definition.report_reader()?;
        Ok(definition)
    }

    /// As [`Self::from_toml`], but without compiling the lexicon: opening an index needs its reader anyway. A graph that is
    /// refused in new definitions is accepted: the index can still be read, and a merge builds a valid one.
    pub(crate) fn kept(text: &str) -> Result<Self, DefinitionError> {
        let file: DefinitionFile = toml::from_str(text)
            .map_err(|error| DefinitionError::Syntax(error.to_string().trim().to_owned()))?;
        let refused = |key: &str, problem: String| DefinitionError::Value { key: key.to_owned(), problem };
        check_name(&file.name).map_err(|problem| refused("name", problem))?;
        let image_space = match file.spaces.as_slice() {
            [] => None,
            [space] if space.role == "image" => Some(
                VectorSpace::new(space.dimension, space.metric, &space.encoder_id)
                    .map_err(|error| refused("space", error.to_string()))?,
            ),
            _ => {
                let problem = "this version knows one space, of role \"image\"; remove the others";
                return Err(refused("space", problem.to_owned()));
            }
        };
        let local_space = (file.local)
            .map(|space| LocalSpace::new(&space.encoder_id, space.dimension))
            .transpose()
            .map_err(|error| refused("local", error.to_string()))?;
        let thumbnail_side = file.thumbnail_side;
        check_thumbnail_side(thumbnail_side).map_err(|problem| refused("thumbnail_side", problem))?;
        let graph = file.graph;
        check_graph(&graph).map_err(|problem| refused("graph", problem))?;
        let fields = FieldSchema::new(file.fields.into_iter().map(|field| (field.name, field.kind)))
            .map_err(|error| refused("field", error.to_string()))?;
        let placeholders = file
            .patients
            .map_or_else(PlaceholderIds::default, |listed| PlaceholderIds::new(listed.placeholders));
        let (name, description, lexicon) = (file.name, file.description, file.lexicon);
        Ok(Self {
            name,
            description,
            image_space,
            local_space,
            thumbnail_side,
            graph,
            fields,
            placeholders,
            lexicon,
        })
    }

    /// Writes the definition so that [`Self::from_toml`] can read it.
    ///
    /// # Errors
    /// None for a definition that was parsed; otherwise those of the serialiser.
    pub fn to_toml(&self) -> Result<String, DefinitionError> {
        let file = DefinitionFile {
            name: self.name.clone(),
            description: self.description.clone(),
            spaces: (self.image_space.iter())
                .map(|space| SpaceFile {
                    role: "image".to_owned(),
                    dimension: space.dimension(),
                    metric: space.metric(),
                    encoder_id: space.encoder_id().to_owned(),
                })
                .collect(),
            thumbnail_side: self.thumbnail_side,
            local: self.local_space.clone(),
            graph: self.graph,
            fields: (self.fields.iter())
                .map(|(name, kind)| FieldFile { name: name.to_owned(), kind })
                .collect(),
            // The default list is not written: an index uses that of the program that reads it.
            patients: (self.placeholders != PlaceholderIds::default())
                .then(|| PatientsFile { placeholders: self.placeholders.texts().to_vec() }),
            lexicon: self.lexicon.clone(),
        };
        toml::to_string(&file).map_err(|error| DefinitionError::Syntax(error.to_string()))
    }

    /// The definition under another name.
    ///
    /// # Errors
    /// A name that cannot be used in a request.
    pub fn named(mut self, name: &str) -> Result<Self, DefinitionError> {
        check_name(name).map_err(|problem| DefinitionError::Value { key: "name".to_owned(), problem })?;
        name.clone_into(&mut self.name);
        Ok(self)
    }

    /// The report reader with the bundled lexicon and the site's additions.
    ///
    /// # Errors
    /// An invalid entry of the site; the message names it.
    pub fn report_reader(&self) -> Result<Arc<ReportReader>, DefinitionError> {
        let lexicon = match self.lexicon.is_empty() {
            true => Lexicon::bundled(),
            false => Arc::new(Lexicon::with_site(&self.lexicon).map_err(|error| DefinitionError::Value {
                key: "lexicon".to_owned(),
                problem: error.to_string(),
            })?),
        };
        Ok(Arc::new(ReportReader::new(lexicon)))
    }

    /// Checks that a new index may have this definition. It is stricter than [`Self::from_toml`]: an older index may have a field
    /// whose name has since been given a meaning, and keeps it.
    ///
    /// # Errors
    /// A field named like the findings of the report, a graph that cannot be built, a space of local vectors that cannot be, or an
    /// invalid entry of the lexicon.
    pub fn check_new(&self) -> Result<(), DefinitionError> {
        let refused = |key: &str, problem: String| DefinitionError::Value { key: key.to_owned(), problem };
        if let Some(space) = &self.local_space {
            LocalSpace::new(&space.encoder_id, space.dimension)
                .map_err(|error| refused("local", error.to_string()))?;
        }
        check_thumbnail_side(self.thumbnail_side).map_err(|problem| refused("thumbnail_side", problem))?;
        check_buildable(&self.graph)?;
        let findings = finding_column(Assertion::Present);
        if self.fields.kind(findings).is_some() {
            let problem = format!(
                "{findings} is a name with a meaning of its own: what the report says is there; call labels that came \
                 with the cases otherwise, such as label"
            );
            return Err(refused("field", problem));
        }
        self.report_reader().map(|_| ())
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let spelt = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.');
    if !spelt || name.is_empty() || name.len() > 64 || name.starts_with('.') {
        return Err("use 1 to 64 letters, digits, '-', '_' and '.', the first not a '.'".to_owned());
    }
    Ok(())
}

fn check_thumbnail_side(side: u32) -> Result<(), String> {
    let fits = side <= MAX_THUMBNAIL_SIDE;
    fits.then_some(()).ok_or_else(|| format!("{side} is above {MAX_THUMBNAIL_SIDE}; 0 keeps no thumbnails"))
}

fn check_graph(graph: &GraphDefinition) -> Result<(), String> {
    let within = |key: &str, value: usize, low: usize, high: usize| {
        (low..=high)
            .contains(&value)
            .then_some(())
            .ok_or_else(|| format!("{key} {value} is outside {low} to {high}"))
    };
    within("m", graph.m, 2, 64)?;
    within("ef_construction", graph.ef_construction, 8, 4096)?;
    within("ef_search", graph.ef_search.unwrap_or(1), 1, 4096)?;
    if !(graph.target_recall > 0.0 && graph.target_recall < 1.0) {
        return Err(format!(
            "target_recall {} is not between 0 and 1; ask for exact answers request by request",
            graph.target_recall
        ));
    }
    within("min_nodes", graph.min_nodes, 2, usize::MAX)
}

/// Values that are valid on their own may not fit together.
fn check_buildable(graph: &GraphDefinition) -> Result<(), DefinitionError> {
    let GraphDefinition { m, ef_construction, .. } = *graph;
    if ef_construction >= m {
        return Ok(());
    }
    let problem = format!(
        "ef_construction {ef_construction} is below m {m}: a node cannot get {m} links from {ef_construction} candidates; raise \
         ef_construction to {m} or more (200 is usual), or lower m"
    );
    Err(DefinitionError::Value { key: "graph".to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_definition_is_read_and_written_back() {
        let definition = Definition::chest_xray().unwrap();
        assert_eq!(Definition::from_toml(&definition.to_toml().unwrap()).unwrap(), definition);
        assert_eq!(definition.fields.kind("study_date"), Some(FieldKind::Date));
    }

    #[test]
    fn what_cannot_be_is_refused_by_key() {
        let refused = |text: &str| Definition::from_toml(text).unwrap_err().to_string();
        assert!(refused("name = 'a b'").contains("name"));
        assert!(refused("nam = 'a'").contains("nam"));
        assert!(refused("name = 'a'\n[graph]\nm = 1").contains("m 1 is outside"));
        assert!(
            refused("name = 'a'\n[graph]\ntarget_recall = 1.0").contains("target_recall 1 is not between")
        );
        assert!(refused("name = 'a'\n[graph]\nlayout = 'small'").contains("small"));
        let error = refused("name = 'a'\n[graph]\nbuilder = 'faiss'");
        for part in ["builder", "faiss", "precedent", "hnsw_rs"] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(refused("name = 'a'\n[[field]]\nname = 'Age'\nkind = 'integer'").contains("Age"));
        let space = "name = 'a'\n[[space]]\nrole = 'image'\ndimension = 8\nmetric = 'l2'\nencoder_id = 'e'";
        assert!(refused(space).contains("dimension 8 is outside 16 to 4096"));
        assert!(refused(&space.replace("'l2'", "'manhattan'")).contains("metric"));
    }

    #[test]
    fn the_builder_is_ours_unless_the_definition_names_another() {
        let plain = Definition::from_toml("name = 'a'").unwrap();
        assert_eq!(plain.graph.builder, GraphBuilder::Precedent);
        assert!(!plain.to_toml().unwrap().contains("builder"), "earlier programs know no such key");
        let other = Definition::from_toml("name = 'a'\n[graph]\nbuilder = 'hnsw_rs'").unwrap();
        assert_eq!(other.graph.builder, GraphBuilder::HnswRs);
        assert_eq!(Definition::from_toml(&other.to_toml().unwrap()).unwrap(), other);
    }

    #[test]
    fn what_is_kept_beside_cases_is_said_by_a_definition_and_by_no_other() {
        let none = Definition::from_toml("name = 'a'").unwrap();
        assert_eq!((&none.local_space, none.thumbnail_side), (&None, 0));
        let written = none.to_toml().unwrap();
        assert!(
            !written.contains("local") && !written.contains("thumbnail"),
            "earlier programs know no such key"
        );
        let text = "name = 'a'\nthumbnail_side = 1024\n[local]\nencoder_id = ' e@1 '\ndimension = 128";
        let some = Definition::from_toml(text).unwrap();
        assert_eq!(some.local_space, LocalSpace::new("e@1", 128).ok());
        assert_eq!(
            (Definition::from_toml(&some.to_toml().unwrap()).unwrap(), some.thumbnail_side),
            (some, 1024)
        );
        assert_eq!(Definition::chest_xray().unwrap().thumbnail_side, 512);
        let refused = |text: &str| Definition::from_toml(text).unwrap_err().to_string();
        assert!(
            refused(&text.replace("128", "129"))
                .contains("local is refused: dimension 129 is outside 16 to 128")
        );
        assert!(refused(&text.replace("128", "15")).contains("dimension 15"));
        assert!(refused(&text.replace("' e@1 '", "''")).contains("the encoder id is empty"));
        assert!(
            refused(&text.replace("1024", "1025")).contains("thumbnail_side is refused: 1025 is above 1024")
        );
        let mut made = none;
        made.local_space = Some(LocalSpace { encoder_id: "e".to_owned(), dimension: 4 });
        assert!(made.check_new().unwrap_err().to_string().contains("dimension 4"));
    }

    #[test]
    fn a_graph_whose_fields_contradict_each_other_is_refused_where_it_is_new() {
        let text = "name = 'a'\n[graph]\nm = 32\nef_construction = 31";
        let error = Definition::from_toml(text).unwrap_err().to_string();
        assert!(
            error.starts_with("the definition's graph is refused: ef_construction 31 is below m 32")
                && error.contains("raise ef_construction to 32 or more"),
            "{error}"
        );
        Definition::from_toml(&text.replace("31", "32")).unwrap();
        // An existing index with this definition can be opened.
        let kept = Definition::kept(text).unwrap();
        assert_eq!(kept.check_new().unwrap_err().to_string(), error);
    }

    #[test]
    fn a_site_lists_its_own_placeholders_and_the_bundled_definition_the_usual_ones() {
        let chest = Definition::chest_xray().unwrap();
        assert_eq!(chest.placeholders, PlaceholderIds::default(), "the file shows the list of the program");
        assert!(!chest.to_toml().unwrap().contains("placeholders"));
        let own = Definition::from_toml("name = 'a'\n[patients]\nplaceholders = ['TEST']").unwrap();
        assert!(own.placeholders.contains("test") && !own.placeholders.contains("nan"));
        assert_eq!(Definition::from_toml(&own.to_toml().unwrap()).unwrap(), own);
    }

    const SITE: &str = "name = 'a'\n[[lexicon.finding]]\nid = 'rasmussen-shunt'\nname = 'Rasmussen shunt'\n\
                        phrases = ['rasmussen shunt']\n";

    #[test]
    fn a_site_adds_findings_and_they_are_written_back() {
        let definition = Definition::from_toml(SITE).unwrap();
        let lexicon = definition.report_reader().unwrap().lexicon().clone();
        assert_eq!(lexicon.find("rasmussen shunt").as_deref(), Some("rasmussen-shunt"));
        assert_ne!(lexicon.fingerprint(), Lexicon::bundled().fingerprint());
        let written = definition.to_toml().unwrap();
        assert_eq!(Definition::from_toml(&written).unwrap(), definition, "{written}");
        let without = Definition::from_toml("name = 'a'").unwrap();
        assert!(!without.to_toml().unwrap().contains("lexicon"), "an empty one is left out");
        assert!(Arc::ptr_eq(without.report_reader().unwrap().lexicon(), &Lexicon::bundled()));
    }

    #[test]
    fn a_lexicon_that_cannot_be_is_refused_by_entry() {
        let refused = |text: &str| Definition::from_toml(text).unwrap_err().to_string();
        let error = refused(&SITE.replace("id = 'rasmussen-shunt'", "id = 'Rasmussen'"));
        assert!(
            error.starts_with("the definition's lexicon is refused: ") && error.contains("Rasmussen"),
            "{error}"
        );
        assert!(refused(&SITE.replace("phrases", "phrase")).contains("phrase"));
        let mut definition = Definition::from_toml(SITE).unwrap();
        definition.lexicon.findings[0].name.clear();
        let error = definition.check_new().unwrap_err().to_string();
        assert!(error.contains("finding rasmussen-shunt: has no name"), "{error}");
    }

    #[test]
    fn a_field_called_finding_is_kept_but_not_made() {
        let definition =
            Definition::from_toml("name = 'a'\n[[field]]\nname = 'finding'\nkind = 'keywords'").unwrap();
        let error = definition.check_new().unwrap_err().to_string();
        assert!(
            error.contains("field is refused: finding is a name") && error.contains("such as label"),
            "{error}"
        );
        Definition::chest_xray().unwrap().check_new().unwrap();
    }
}
