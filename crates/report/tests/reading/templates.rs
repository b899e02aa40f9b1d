//! Labels with answers, boxes, tables, and marks that part statements.

use crate::support::check_findings;

#[test]
fn labels_are_answered() {
    check_findings(&[
        ("pneumothorax=absent", "Pneumothorax -ve."),
        ("pneumothorax=absent", "Pneumothorax: -ve"),
        ("pneumothorax=absent", "(-) pneumothorax"),
        ("pneumothorax=absent", "Pneumothorax (no)."),
        ("pneumothorax=absent", "Pneumothorax (none)."),
        ("pneumothorax=absent", "Pneumothorax (negative)"),
        ("pneumothorax=present", "Pneumothorax (+)"),
        ("pneumothorax=absent", "Pneumothorax = none"),
        ("pneumothorax=absent", "Pneumothorax - none"),
        ("pneumothorax=absent", "Pneumothorax – no"),
        ("pneumothorax=absent", "Pneumothorax: None seen."),
        ("pneumothorax=absent", "Pneumothorax: no evidence"),
        ("pneumothorax=absent", "Pneumothorax: absent. Effusion: absent."),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: No. Effusion: Yes."),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: no, effusion: yes"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: no; effusion: yes"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax - No\nPleural effusion - Yes"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax:\tNo\nPleural effusion:\tYes"),
        ("pneumothorax=absent, pleural-effusion=absent", "Pneumothorax, effusion: none"),
        ("pneumothorax=absent, pleural-effusion=absent", "Pneumothorax or effusion: none."),
        ("pneumothorax=absent, pleural-effusion=present", "pneumothorax: no\npleural effusion: yes"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: FALSE\nPleural effusion: TRUE"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax [ ]\nPleural effusion [x]"),
        ("pneumothorax=absent, pleural-effusion=present", "- [ ] Pneumothorax\n- [x] Pleural effusion"),
        (
            "pneumothorax=absent, pleural-effusion=present",
            "Pneumothorax: [ ] Yes [x] No\nPleural effusion: [x] Yes [ ] No",
        ),
        (
            "pneumothorax=absent, pleural-effusion=present",
            "Pneumothorax: ☐ Yes ☒ No\nPleural effusion: ☒ Yes ☐ No",
        ),
        ("pneumothorax=absent, pleural-effusion=present", "☐ Pneumothorax ☑ Pleural effusion"),
        ("pneumothorax=absent, pleural-effusion=present", "[_] Pneumothorax\n[X] Pleural effusion"),
        ("pneumothorax=absent, pleural-effusion=present", "[-] Pneumothorax\n[+] Pleural effusion"),
        ("pneumothorax=absent, pleural-effusion=present", "No\tPneumothorax\nYes\tPleural effusion"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax\tAbsent\nPleural effusion\tPresent"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax\tN\nPleural effusion\tY"),
        (
            "pneumothorax=absent, pleural-effusion=present",
            "Finding\tPresent\nPneumothorax\tNo\nPleural effusion\tYes",
        ),
        (
            "pneumothorax=absent, pleural-effusion=present",
            "Finding | Status\n--- | ---\nPneumothorax | Absent\nPleural effusion | Present",
        ),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax,No\nPleural effusion,Yes"),
        (
            "pneumothorax=absent, pleural-effusion=present",
            "Pneumothorax ___No___\nPleural effusion ___Yes___",
        ),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax____No\nPleural effusion____Yes"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax -> No\nPleural effusion -> Yes"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: <No>\nPleural effusion: <Yes>"),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: \"No\"\nPleural effusion: \"Yes\""),
        ("pneumothorax=absent, pleural-effusion=present", "Pneumothorax: *No*\nPleural effusion: *Yes*"),
        ("pneumothorax=absent, pleural-effusion=present", "**Pneumothorax:** No\n**Pleural effusion:** Yes"),
        ("pneumothorax=absent", "Pneumothorax: NEGATIVE."),
        ("pneumothorax=absent", "Pneumothorax: not seen on this view"),
        ("pneumothorax=absent", "Pneumothorax: 0"),
        ("pneumothorax=absent, cardiomegaly=present", "Pneumothorax: No Cardiomegaly: Yes"),
        ("pneumothorax=absent", "Pneumothorax? None."),
        ("pneumothorax=absent", "Any pneumothorax? No."),
        ("pleural-effusion=present", "Any effusion? Yes, small on the left."),
        ("pneumothorax=absent", "Pneumothorax ... none"),
        ("pneumothorax=absent", "Is there a pneumothorax? No"),
    ]);
}

#[test]
fn boxes_behind_labels() {
    let absent_present = "pneumothorax=absent, pleural-effusion=present";
    check_findings(&[
        (absent_present, "Pneumothorax [ ]  Effusion [x]"),
        (absent_present, "Pneumothorax ☐ Effusion ☑"),
        (absent_present, "Pneumothorax: [ ] Effusion: [x]"),
        (absent_present, "Pneumothorax ( ), Effusion (x)."),
        (absent_present, "Pneumothorax[ ] Effusion[x]"),
        (absent_present, "Pneumothorax [_]\tEffusion [X]"),
        (absent_present, "| Pneumothorax | [ ] | Effusion | [x] |"),
        (absent_present, "FINDINGS: Pneumothorax [ ] Effusion [x]"),
        (
            "pneumothorax=present, pleural-effusion=absent, cardiomegaly=absent",
            "Pneumothorax ☑ Effusion ☐ Cardiomegaly ☐",
        ),
        (
            "pneumothorax=absent, pleural-effusion=present, pulmonary-edema=present, cardiomegaly=absent",
            "- Pneumothorax [ ] Effusion [x]\n- Edema [x] Cardiomegaly [ ]",
        ),
        (absent_present, "Pneumothorax: Yes [ ] No [x]\nEffusion: Yes [x] No [ ]"),
        (absent_present, "Pneumothorax Yes [ ] No [x] Effusion Yes [x] No [ ]"),
        (absent_present, "Pneumothorax: not seen [x] seen [ ]\nEffusion: None ☐ Small ☒"),
        ("pulmonary-edema=present", "Edema: Mild [ ] Moderate [x] Severe [ ]"),
        ("pulmonary-edema=absent", "Edema: None [x] Mild [ ] Severe [ ]"),
    ]);
}

#[test]
fn boxes_before_labels() {
    let absent_present = "pneumothorax=absent, pleural-effusion=present";
    check_findings(&[
        (absent_present, "[x] Effusion [ ] Pneumothorax"),
        (absent_present, "FINDINGS: [ ] Pneumothorax [x] Effusion"),
        (absent_present, "[-] Pneumothorax [+] Effusion"),
        (absent_present, "Pneumothorax [ ] Yes [x] No  Effusion [x] Yes [ ] No"),
        (absent_present, "Pneumothorax (-) on this view, effusion (+) on the left"),
    ]);
}

#[test]
fn answers_without_a_mark() {
    let absent_present = "pneumothorax=absent, pleural-effusion=present";
    check_findings(&[
        (absent_present, "Pneumothorax No\nEffusion Yes"),
        (absent_present, "PNEUMOTHORAX NO\nEFFUSION YES"),
        (absent_present, "pneumothorax no\npleural effusion yes"),
        (absent_present, "- Pneumothorax No\n- Effusion Yes"),
        (absent_present, "FINDINGS:\nPneumothorax N\r\nEffusion Y\r\n"),
        (absent_present, "Pneumothorax No\nEffusion Small"),
        (
            "pneumothorax=absent, pleural-effusion=absent, pulmonary-edema=absent, consolidation=present",
            "Pneumothorax no\nRight effusion no\nEdema no\nConsolidation yes",
        ),
    ]);
}

#[test]
fn answers_on_the_next_line() {
    let absent_present = "pneumothorax=absent, pleural-effusion=present";
    check_findings(&[
        (absent_present, "Pneumothorax\nNo\nEffusion\nYes"),
        (absent_present, "pneumothorax\nno\neffusion\nyes"),
        (absent_present, "Pneumothorax:\nNo\nEffusion:\nYes"),
        (absent_present, "Pneumothorax\n- No\nEffusion\n- Yes"),
        (absent_present, "- Pneumothorax\n  - No\n- Effusion\n  - Yes"),
        (absent_present, "1. Pneumothorax\n   No\n2. Effusion\n   Yes"),
        (absent_present, "Pneumothorax\n• none\nEffusion\n• present"),
        (absent_present, "Pneumothorax\r\nAbsent\r\nEffusion\r\nPresent\r\n"),
        (absent_present, "Pneumothorax\nNone seen.\nEffusion\nYes."),
        (absent_present, "Pneumothorax\n[ ]\nEffusion\n[x]"),
        (absent_present, "Is there a pneumothorax?\nNo\nEffusion?\nYes"),
        ("pneumothorax=absent", "Pneumothorax\n  None"),
        ("pneumothorax=absent", "Pneumothorax:\n  - none"),
        ("pneumothorax=absent, cardiomegaly=present", "Pneumothorax:\n- No\n- Cardiomegaly"),
    ]);
}

#[test]
fn answers_in_cells() {
    let absent_present = "pneumothorax=absent, pleural-effusion=present";
    check_findings(&[
        (absent_present, "\"Pneumothorax\",\"No\"\n\"Effusion\",\"Yes\""),
        (absent_present, "\"Pneumothorax\", \"No\", \"Effusion\", \"Yes\""),
        (absent_present, "'Pneumothorax': 'No', 'Effusion': 'Yes'"),
        (absent_present, "{'Pneumothorax': 'No', 'Effusion': 'Yes'}"),
        (absent_present, "'Pneumothorax', 'No'\n'Effusion', 'Yes'"),
        (absent_present, "Pneumothorax;No;;\nEffusion;Yes;;"),
        (absent_present, "Pneumothorax,No,,\nEffusion,Yes,,"),
        (absent_present, "Pneumothorax;No;Effusion;Yes"),
        (absent_present, "No | Pneumothorax\nYes | Effusion"),
        ("pneumothorax=absent", "\"Pneumothorax\";\"No\""),
        ("pneumothorax=absent, pleural-effusion=present", "No pneumothorax | effusion"),
        ("pleural-effusion=absent", "They said 'no' effusion"),
    ]);
}

#[test]
fn answers_joined_by_a_mark() {
    let absent_present = "pneumothorax=absent, pleural-effusion=present";
    check_findings(&[
        (absent_present, "Pneumothorax/No Effusion/Yes"),
        (absent_present, "Pneumothorax / No\nEffusion / Yes"),
        (absent_present, "Pneumothorax.....no Effusion.....yes"),
        (absent_present, "Pneumothorax - Effusion +"),
        (absent_present, "Pneumothorax - Effusion + Edema -"),
        (absent_present, "[n] pneumothorax [y] effusion"),
        (absent_present, "[N] Pneumothorax\n[Y] Effusion"),
        (absent_present, "Pneumothorax [n] Effusion [y]"),
        ("pleural-effusion=present, pulmonary-edema=absent", "Effusion/no edema"),
        ("pleural-effusion=absent, pulmonary-edema=absent, mass=absent", "No edema/effusion/no mass"),
    ]);
}

#[test]
fn a_denial_at_the_end_of_a_line_speaks_of_the_next() {
    check_findings(&[
        ("pleural-effusion=present, pneumothorax=absent", "Small effusion and no\npneumothorax."),
        (
            "pneumothorax=absent, cardiomegaly=absent",
            "No pneumothorax. There is no\nCardiomegaly or effusion.",
        ),
        ("pleural-effusion=absent, pneumothorax=absent", "LUNGS CLEAR NO\nPNEUMOTHORAX NO\nEFFUSION"),
        ("pleural-effusion=present, pulmonary-edema=absent", "small effusion no\nedema present"),
        ("pleural-effusion=present, pneumothorax=absent", "effusion\nno\npneumothorax"),
        ("pleural-effusion=absent", "Effusion not\npresent"),
        ("pleural-effusion=present", "- Effusion\n- None"),
    ]);
}

#[test]
fn separators_end_a_denial() {
    check_findings(&[
        ("cardiomegaly=present", "No pneumothorax; cardiomegaly is present."),
        ("cardiomegaly=present", "No pneumothorax -cardiomegaly"),
        ("cardiomegaly=present", "1. No pneumothorax 2. Cardiomegaly"),
        ("cardiomegaly=present", "1) No pneumothorax 2) cardiomegaly"),
        ("cardiomegaly=present", "a. No pneumothorax\nb. Cardiomegaly"),
        ("cardiomegaly=present", "1/ No pneumothorax\n2/ Cardiomegaly"),
        ("cardiomegaly=present", "(1) No pneumothorax (2) Cardiomegaly"),
        ("cardiomegaly=present", "#1. No pneumothorax #2. Cardiomegaly"),
        ("cardiomegaly=present", "1: No pneumothorax\n2: Cardiomegaly"),
        ("cardiomegaly=present", "i. No pneumothorax\nii. Cardiomegaly"),
        ("cardiomegaly=present", "• No pneumothorax\n• Cardiomegaly"),
        ("cardiomegaly=present", "* No pneumothorax\n* Cardiomegaly"),
        ("cardiomegaly=present", "+ No pneumothorax\n+ Cardiomegaly"),
        ("cardiomegaly=present", "> No pneumothorax\n> Cardiomegaly"),
        ("cardiomegaly=present", "▸ No pneumothorax ▸ Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ▪ Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ■ Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax → Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax = Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax // Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax || Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax \\ Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ... Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax … Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ; Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax & Cardiomegaly is present"),
        ("cardiomegaly=present", "No pneumothorax, cardiomegaly is present"),
        ("cardiomegaly=present", "No pneumothorax, and cardiomegaly is noted"),
        ("cardiomegaly=present", "No pneumothorax. Cardiomegaly."),
        ("cardiomegaly=present", "No pneumothorax.Cardiomegaly."),
        ("cardiomegaly=present", "No pneumothorax ~~ Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax -> Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ==> Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ● Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax ♦ Cardiomegaly"),
        ("cardiomegaly=present", "No pneumothorax\n\nCardiomegaly"),
        ("cardiomegaly=present", "NO PNEUMOTHORAX\nCARDIOMEGALY"),
        ("cardiomegaly=present", "NO PNEUMOTHORAX. CARDIOMEGALY."),
        ("cardiomegaly=present", "NO PNEUMOTHORAX - CARDIOMEGALY"),
        ("pleural-effusion=absent", "No pneumothorax / effusion"),
        ("pleural-effusion=absent", "No pneumothorax/effusion"),
        ("pleural-effusion=absent", "No pneumothorax and/or effusion"),
        ("pleural-effusion=absent", "No pneumothorax & effusion"),
        ("pleural-effusion=absent", "No pneumothorax + effusion"),
        ("pleural-effusion=absent", "No pneumothorax, effusion."),
        ("pleural-effusion=absent", "No pneumothorax - or effusion."),
    ]);
}

#[test]
fn headings_inside_text() {
    check_findings(&[
        ("pneumothorax=absent", "Neg for ptx"),
        ("consolidation=absent", "Nil focal consolidation"),
        ("pneumonia=-", "MEDICAL HISTORY: pneumonia"),
        ("pleural-effusion=present", "CHEST CT WITHOUT CONTRAST COMPARISON: none. FINDINGS: effusion"),
        ("emphysema=-", "CT CHEST WITHOUT CONTRAST HISTORY: emphysema"),
        ("cardiomegaly=present", "XR CHEST NO CONTRAST FINDINGS: cardiomegaly IMPRESSION: cardiomegaly"),
        ("pneumothorax=absent, cardiomegaly=present", "Impression:No pneumothorax.Cardiomegaly."),
        (
            "cardiomegaly=present, pneumothorax=absent",
            "FINDINGS / IMPRESSION: No pneumothorax. Cardiomegaly.",
        ),
        ("pneumonia=-", "CLINICAL INFORMATION: pneumonia\nREPORT: Clear lungs."),
        ("pneumonia=-", "Indication - pneumonia. Findings - Clear lungs."),
        ("pneumonia=-, pleural-effusion=present", "<HISTORY> pneumonia <FINDINGS> effusion"),
        ("pneumonia=-, pleural-effusion=present", "{HISTORY} pneumonia {FINDINGS} effusion"),
        ("pneumonia=-, pleural-effusion=present", "*HISTORY* pneumonia *FINDINGS* effusion"),
        ("pneumonia=-, pleural-effusion=present", "HISTORY = pneumonia\nFINDINGS = effusion"),
        ("pneumonia=-, pleural-effusion=present", "HISTORY - pneumonia FINDINGS - effusion"),
        ("pneumonia=-, pleural-effusion=present", "HISTORY\tpneumonia\nFINDINGS\teffusion"),
        ("pneumonia=-, pleural-effusion=present", "【HISTORY】pneumonia【FINDINGS】effusion"),
        ("pneumonia=-, pleural-effusion=present", "Reason for exam - pneumonia\nSmall effusion."),
        ("pneumonia=-, pleural-effusion=present", "Clinical history: pneumonia. Small effusion is seen."),
        ("pneumonia=-, pleural-effusion=present", "Indication: pneumonia\n\nSmall effusion."),
        ("pneumonia=-, pleural-effusion=present", "HISTORY: Pneumonia.\nSmall effusion."),
        (
            "pneumonia=-, pleural-effusion=present",
            "Indication: pneumonia.\nComparison: none.\nSmall effusion.",
        ),
        ("pneumonia=-, pleural-effusion=present", "HISTORY (pneumonia): FINDINGS: effusion"),
    ]);
}

#[test]
fn lists_share_a_denial() {
    check_findings(&[
        (
            "pleural-effusion=absent, pneumothorax=absent, consolidation=absent",
            "No effusion, pneumothorax or consolidation.",
        ),
        (
            "pleural-effusion=absent, pneumothorax=absent, consolidation=absent",
            "No effusion/pneumothorax/consolidation.",
        ),
        (
            "pleural-effusion=absent, pneumothorax=absent, consolidation=absent",
            "There is no effusion. No pneumothorax; no consolidation.",
        ),
        ("pleural-effusion=absent, pneumothorax=absent", "Effusion and pneumothorax are absent."),
        ("pleural-effusion=absent, pneumothorax=absent", "Effusion, pneumothorax: absent"),
        (
            "pleural-effusion=absent, pneumothorax=absent, consolidation=absent",
            "No:\n- effusion\n- pneumothorax\n- consolidation",
        ),
        ("pleural-effusion=absent, pneumothorax=absent", "No evidence of:\n1. effusion\n2. pneumothorax"),
        (
            "pleural-effusion=absent, pneumothorax=absent",
            "No evidence of the following: effusion, pneumothorax.",
        ),
        ("pleural-effusion=absent, pneumothorax=absent", "Negative for: effusion, pneumothorax"),
        ("pleural-effusion=absent, pneumothorax=absent", "Pertinent negatives: effusion, pneumothorax"),
        ("pleural-effusion=absent, pneumothorax=absent", "Absent: effusion, pneumothorax"),
        ("pleural-effusion=present, pneumothorax=present", "Present: effusion, pneumothorax"),
        ("pleural-effusion=absent, pneumothorax=present", "Effusion absent, pneumothorax present."),
        ("pleural-effusion=absent, pneumothorax=present", "Effusion absent; pneumothorax present."),
        ("pleural-effusion=present, pneumothorax=absent", "Effusion present, pneumothorax absent."),
        ("pleural-effusion=present, pneumothorax=absent", "Effusion but no pneumothorax."),
        ("pleural-effusion=present, pneumothorax=absent", "Effusion yes, pneumothorax no"),
        ("pleural-effusion=present, pneumothorax=absent", "Effusion +, pneumothorax -"),
        ("pleural-effusion=present, pneumothorax=absent", "Effusion++, no pneumothorax"),
        ("pleural-effusion=present, pneumothorax=absent", "Small effusion without pneumothorax."),
        ("pleural-effusion=present, pneumothorax=absent", "Effusion w/o ptx."),
        (
            "pleural-effusion=absent, pneumothorax=absent, cardiomegaly=present",
            "No evidence of:\n1. effusion\n2. pneumothorax\n\nCardiomegaly.",
        ),
        ("pleural-effusion=absent, cardiomegaly=present", "No:\n• effusion\nIMPRESSION: Cardiomegaly."),
        ("pleural-effusion=absent, cardiomegaly=present", "There is no effusion:\n- Cardiomegaly."),
    ]);
}
