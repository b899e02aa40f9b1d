//! Small DICOM files, written byte by byte.

/// A grey picture of a film, of this number, with these facts: tag, value representation, text.
pub fn film(number: u16, facts: &[((u16, u16), &str, &str)]) -> Vec<u8> {
    const SIDE: u16 = 32;
    let word = |element: u16, value: u16| ((0x0028, element), "US", value.to_le_bytes().to_vec());
    let pixels = (0..SIDE * SIDE)
        .flat_map(|at| ((at % SIDE * 8 + at / SIDE * (number % 7 + 1)) % 256).to_le_bytes())
        .collect();
    let mut elements: Vec<((u16, u16), &str, Vec<u8>)> = vec![
        ((0x0008, 0x0060), "CS", b"DX".to_vec()),
        word(0x0002, 1),
        ((0x0028, 0x0004), "CS", b"MONOCHROME2".to_vec()),
        word(0x0010, SIDE),
        word(0x0011, SIDE),
        word(0x0100, 16),
        word(0x0101, 8),
        word(0x0102, 7),
        word(0x0103, 0),
        ((0x7fe0, 0x0010), "OW", pixels),
    ];
    elements.extend(facts.iter().map(|&(tag, vr, text)| (tag, vr, text.as_bytes().to_vec())));
    elements.sort_by_key(|element| element.0);
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    write(&mut file, (0x0002, 0x0010), "UI", b"1.2.840.10008.1.2.1".to_vec());
    for (tag, vr, value) in elements {
        write(&mut file, tag, vr, value);
    }
    file
}

/// A film of a patient, an examination and a view; blank facts are left out.
pub fn film_of(number: u16, id: &str, issuer: &str, date: &str, view: &str) -> Vec<u8> {
    let facts = [
        ((0x0008, 0x0020), "DA", date),
        ((0x0010, 0x0020), "LO", id),
        ((0x0010, 0x0021), "LO", issuer),
        ((0x0018, 0x5101), "CS", view),
    ];
    film(number, &facts.into_iter().filter(|(_, _, text)| !text.is_empty()).collect::<Vec<_>>())
}

fn write(file: &mut Vec<u8>, tag: (u16, u16), vr: &str, mut value: Vec<u8>) {
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" { 0 } else { b' ' });
    }
    file.extend(tag.0.to_le_bytes());
    file.extend(tag.1.to_le_bytes());
    file.extend(vr.as_bytes());
    if vr == "OW" {
        file.extend([0, 0]);
        file.extend((value.len() as u32).to_le_bytes());
    } else {
        file.extend((value.len() as u16).to_le_bytes());
    }
    file.extend(value);
}
