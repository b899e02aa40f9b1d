//! British and American spelling: a lexicon writes a word one way, reports are read both ways.

/// Parts of words that differ, American and British. Each is long enough to stand in no other word of the trade.
const PARTS: [(&str, &str); 26] = [
    ("anemi", "anaemi"),
    ("anesthe", "anaesthe"),
    ("caliber", "calibre"),
    ("catheterization", "catheterisation"),
    ("cecum", "caecum"),
    ("center", "centre"),
    ("color", "colour"),
    ("edema", "oedema"),
    ("esophag", "oesophag"),
    ("favor", "favour"),
    ("fiber", "fibre"),
    ("fetal", "foetal"),
    ("gynec", "gynaec"),
    ("hemat", "haemat"),
    ("hemop", "haemop"),
    ("hemor", "haemor"),
    ("hemot", "haemot"),
    ("ischemi", "ischaemi"),
    ("leukemi", "leukaemi"),
    ("metastasize", "metastasise"),
    ("orthopedic", "orthopaedic"),
    ("pediatric", "paediatric"),
    ("septicemi", "septicaemi"),
    ("tumor", "tumour"),
    ("uremi", "uraemi"),
    ("hypoxemi", "hypoxaemi"),
];
/// Ends of words that differ, American and British: "visualized", "mineralization".
const ENDS: [(&str, &str); 5] =
    [("ize", "ise"), ("ized", "ised"), ("izes", "ises"), ("izing", "ising"), ("ization", "isation")];
/// Shorter words end so in both: "size".
const SHORTEST: usize = 7;

/// The word, first as it is given, in every spelling.
pub(super) fn spellings(word: &str) -> Vec<String> {
    let mut spellings = vec![word.to_owned()];
    for (american, british) in PARTS {
        let other = if word.contains(british) {
            word.replace(british, american)
        } else if word.contains(american) {
            word.replace(american, british)
        } else {
            continue;
        };
        spellings.push(other);
    }
    for (american, british) in ENDS {
        let swapped = [(american, british), (british, american)]
            .iter()
            .find_map(|(from, to)| word.strip_suffix(from).map(|stem| format!("{stem}{to}")));
        spellings.extend(swapped.filter(|_| word.len() >= SHORTEST));
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expected: &[&str]) {
        assert_eq!(spellings(word), expected, "{word}");
    }

    #[test]
    fn words_have_both_spellings() {
        check("edema", &["edema", "oedema"]);
        check("oedema", &["oedema", "edema"]);
        check("hemothorax", &["hemothorax", "haemothorax"]);
        check("haemopneumothorax", &["haemopneumothorax", "hemopneumothorax"]);
        check("tumor", &["tumor", "tumour"]);
        check("visualised", &["visualised", "visualized"]);
        check("demineralization", &["demineralization", "demineralisation"]);
    }

    #[test]
    fn other_words_have_one() {
        for word in ["size", "hemidiaphragm", "heart", "noise", "raised", "hemithorax"] {
            check(word, &[word]);
        }
    }
}
