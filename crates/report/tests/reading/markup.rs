//! Line breaks and characters as interfaces and word processors write them.

use crate::support::check_findings;

#[test]
fn marks_are_white_space() {
    check_findings(&[
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax<br />Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "<p>No pneumothorax</p><p>Cardiomegaly</p>"),
        (
            "pneumothorax=absent, cardiomegaly=present",
            "<ul><li>No pneumothorax</li><li>Cardiomegaly</li></ul>",
        ),
        ("pneumothorax=absent, cardiomegaly=present", "<div>No pneumothorax</div><div>Cardiomegaly</div>"),
        (
            "pneumothorax=absent, pleural-effusion=present",
            "<table><tr><td>Pneumothorax</td><td>No</td></tr><tr><td>Pleural effusion</td><td>Yes</td></tr></table>",
        ),
        ("pneumothorax=absent", "No&nbsp;pneumothorax."),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax&#10;Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax&#xA;Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax\\X0D0A\\Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax\\X0d\\Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax\\.sp\\Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax\\.br\\\\.br\\Cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax\\line Cardiomegaly"),
        (
            "pneumothorax=absent, cardiomegaly=present",
            "{\\rtf1\\ansi {\\b Findings:}\\par No pneumothorax\\line Cardiomegaly\\par }",
        ),
        (
            "pneumothorax=absent, cardiomegaly=present",
            "{\\rtf1\\ansi\\ansicpg1252\\deff0\\nouicompat{\\fonttbl{\\f0\\fnil\\fcharset0 Courier New;}}\n{\\*\\generator Riched20 10.0.19041}\\viewkind4\\uc1 \n\\pard\\f0\\fs22\\lang1033 FINDINGS:\\par\nNo pneumothorax\\par\nCardiomegaly\\par\n}",
        ),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax\\r\\nCardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax^Cardiomegaly is present"),
        ("pneumothorax=absent, cardiomegaly=present", "<![CDATA[No pneumothorax<br>Cardiomegaly]]>"),
        (
            "pneumothorax=absent, cardiomegaly=present",
            "<text><paragraph>No pneumothorax</paragraph><paragraph>Cardiomegaly</paragraph></text>",
        ),
        (
            "pneumothorax=absent, cardiomegaly=present",
            "<span style=\"x\">No pneumothorax</span><hr/>Cardiomegaly",
        ),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax_x000D_\nCardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "No pneumothorax&#13;&#10;Cardiomegaly"),
    ]);
}

#[test]
fn spans_stand_in_the_signed_text() {
    for text in [
        "FINDINGS:\\.br\\No pneumothorax\\.br\\Cardiomegaly",
        "<p>No&nbsp;pneumothorax</p><p>Cardiomegaly</p>",
        "{\\rtf1\\ansi No pneumothorax\\par Cardiomegaly\\par}",
        "\u{feff}No pneumothorax~Cardiomegaly",
    ] {
        let reading = crate::support::read(text);
        let spans = reading
            .sentences
            .iter()
            .flat_map(|sentence| &sentence.mentions)
            .map(|mention| &text[mention.span.range()]);
        assert_eq!(spans.collect::<Vec<_>>(), ["pneumothorax", "Cardiomegaly"], "{text}");
    }
}
