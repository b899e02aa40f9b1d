//! Other languages are noticed and not read; names and Latin terms are no other language.

use crate::support::check_findings;

#[test]
fn other_languages_are_left_alone() {
    check_findings(&[
        ("pneumothorax=-, x=warn", "Kein Pneumothorax."),
        ("pneumothorax=-, x=warn", "Pneumothorax nicht nachweisbar."),
        ("pleural-effusion=-, x=warn", "Kein Pneumothorax, kein Erguss. Herz nicht vergrößert."),
        ("nodule=-, x=warn", "Absence de nodule."),
        ("nodule=-, x=warn", "Pas de nodule."),
        ("pneumothorax=-, x=warn", "Pas de pneumothorax."),
        ("pneumothorax=-, x=warn", "Aucun pneumothorax."),
        ("pneumothorax=-, x=warn", "Il n'y a pas de pneumothorax."),
        ("pneumothorax=-, x=warn", "Absence d'épanchement pleural, pneumothorax exclu."),
        ("pulmonary-edema=-, x=warn", "Sin edema pulmonar."),
        ("pulmonary-edema=-, x=warn", "No hay edema."),
        ("pulmonary-edema=-, x=warn", "No se observa edema."),
        ("pulmonary-edema=-, x=warn", "Edema pulmonar ausente."),
        ("pulmonary-edema=-, x=warn", "Assenza di edema."),
        ("pneumothorax=-, x=warn", "Non si osserva pneumothorax."),
        ("pulmonary-edema=-, x=warn", "Ausência de edema."),
        ("pulmonary-edema=-, x=warn", "Não há edema."),
        ("pneumothorax=-, x=warn", "Geen pneumothorax."),
        ("pneumothorax=-, x=warn", "Geen aanwijzingen voor pneumothorax."),
        ("pneumothorax=-, x=warn", "Ingen pneumothorax."),
        ("pneumothorax=-, x=warn", "Inget pneumothorax ses."),
        ("pneumothorax=-, x=warn", "Ikke pneumothorax."),
        ("pneumothorax=-, x=warn", "Der ses ikke pneumothorax."),
        ("pneumothorax=-, x=warn", "Uten pneumothorax."),
        ("pneumothorax=-, x=warn", "Ei pneumothorax."),
        ("pneumothorax=-, x=warn", "Ei todeta pneumothorax."),
        ("pneumothorax=-, x=warn", "Bez pneumothorax."),
        ("pneumothorax=-, x=warn", "Brak pneumothorax."),
        ("pneumothorax=-, x=warn", "Pneumothorax není."),
        ("pneumothorax=-, x=warn", "Nu se vizualizează pneumothorax."),
        ("pneumothorax=-, x=warn", "Fără pneumothorax."),
        ("pneumothorax=-, x=warn", "Pneumothorax izlenmedi."),
        ("pneumothorax=-, x=warn", "Pneumothorax nincs."),
        ("pneumothorax=-, x=warn", "Nem látható pneumothorax."),
        ("pneumothorax=-, x=warn", "Nema pneumothorax."),
        ("pneumothorax=-, x=warn", "Tidak tampak pneumothorax."),
        ("pneumothorax=-, x=warn", "Không có pneumothorax."),
        ("pneumothorax=-, x=warn", "Нет pneumothorax."),
        ("pneumothorax=-, x=warn", "Pneumothorax не выявлен."),
        ("pneumothorax=-, x=warn", "未见pneumothorax。"),
        ("pneumothorax=-, x=warn", "pneumothoraxなし。"),
        ("pneumothorax=-, x=warn", "無 pneumothorax。"),
        ("pneumothorax=-, x=warn", "pneumothorax 없음."),
        ("pneumothorax=-, x=warn", "Δεν υπάρχει pneumothorax."),
        ("pneumothorax=-, x=warn", "कोई pneumothorax नहीं।"),
        ("pneumothorax=-, x=warn", "ไม่พบ pneumothorax"),
        ("pneumothorax=-, x=warn", "لا pneumothorax"),
        ("pneumothorax=-, x=warn", "Befund: Pneumothorax nein."),
        ("pneumothorax=-, x=warn", "Pneumothorax: Nein"),
        ("pneumothorax=-, x=warn", "Pneumothorax: non. Épanchement: non."),
        ("pneumothorax=-, x=warn", "KEIN PNEUMOTHORAX."),
        ("pneumothorax=-, x=warn", "GEEN PNEUMOTHORAX."),
        ("pulmonary-edema=-, x=warn", "SIN EDEMA."),
        ("pneumothorax=-, x=warn", "PAS DE PNEUMOTHORAX."),
        ("pulmonary-fibrosis=-, x=warn", "No existe fibrosis."),
        ("pneumothorax=-, x=warn", "Senza pneumothorax."),
        ("pneumothorax=-, x=warn", "Negativo para pneumothorax."),
        ("pneumothorax=-, x=warn", "Nessun pneumothorax."),
        ("pneumothorax=-, x=warn", "Nenhum pneumothorax."),
        ("pneumothorax=-, x=warn", "Ningún pneumothorax."),
        ("pneumothorax=-, x=warn", "Keine Zeichen eines Pneumothorax."),
        ("pneumothorax=-, x=warn", "Pneumothorax ausgeschlossen."),
        ("pneumothorax=-, x=warn", "Pneumothorax fehlt."),
        ("pneumothorax=-, x=warn", "Rx thorax: pneumothorax absent des deux côtés."),
        ("pneumothorax=-, x=warn", "Žádný pneumothorax."),
        ("pneumothorax=-, x=warn", "Ni pneumothorax ni épanchement."),
        ("pneumothorax=-, x=warn", "Puuttuu pneumothorax."),
    ]);
}

#[test]
fn english_with_foreign_words_is_read() {
    check_findings(&[
        ("pneumothorax=absent", "No pneumothorax de novo."),
        ("pneumothorax=absent", "Signed by Dr. de la Cruz: no pneumothorax."),
        ("pleural-effusion=present", "Dr. García and Dr. Müller saw a small effusion."),
        ("cardiomegaly=present", "Naïve résumé, cardiomegaly."),
        ("pneumothorax=present", "Pneumothorax ex vacuo."),
        ("pneumothorax=present", "LA pneumothorax."),
        ("pneumothorax=absent", "No pneumothorax (无气胸)."),
        ("nodule=present", "α-1 antitrypsin, nodule."),
        ("nodule=present", "5 µm nodule."),
        ("pneumothorax=absent", "No pneumothorax in situ, per os."),
        ("pneumothorax=present", "MIT pneumothorax."),
        ("pneumothorax=present", "Pneumothorax. DES in LAD."),
        ("pneumothorax=present", "Pneumothorax status post Le Fort."),
        ("fracture=present", "Fracture. Colles, von Hippel."),
        ("pneumothorax=present", "Links-sided pneumothorax on the LA view."),
    ]);
}

#[test]
fn the_warning_names_the_language_and_no_words() {
    let warnings = |text: &str| crate::support::read(text).warnings.join("; ");
    assert_eq!(
        warnings("Kein Pneumothorax. Kein Erguss. No effusion."),
        "2 sentences in German were not read: findings are read in English text only"
    );
    assert_eq!(
        warnings("未见气胸。No effusion."),
        "1 sentence in Chinese was not read: findings are read in English text only"
    );
}

#[test]
fn a_sentence_that_shows_nothing_follows_the_others() {
    check_findings(&[
        ("pulmonary-edema=-, x=warn", "Derrame pleural derecho. Edema. Corazón de tamaño normal."),
        ("pulmonary-edema=present, x=warn", "Edema. The heart is large. Kein Erguss."),
    ]);
}
