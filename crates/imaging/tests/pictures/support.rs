//! Small files of every kind, written here byte by byte.

use std::collections::BTreeMap;
use std::io::Write;

pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const BIG: &str = "1.2.840.10008.1.2.2";
pub const RLE: &str = "1.2.840.10008.1.2.5";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";
pub const JPEG_EXTENDED: &str = "1.2.840.10008.1.2.4.51";
pub const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
pub const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
pub const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

pub type Tag = (u16, u16);

#[derive(Clone)]
pub enum Value {
    Text(&'static str, Vec<u8>),
    Words(&'static str, Vec<u16>),
    Items(Vec<BTreeMap<Tag, Value>>),
    Fragments(Vec<Vec<u8>>),
}

/// A DICOM file in the making.
#[derive(Clone)]
pub struct Dicom {
    pub syntax: &'static str,
    pub elements: BTreeMap<Tag, Value>,
}

impl Dicom {
    pub fn grey(columns: u16, rows: u16, bits: u16, values: &[u16]) -> Self {
        let mut dicom = Self { syntax: EXPLICIT, elements: BTreeMap::new() };
        let allocated = if bits <= 8 { 8 } else { 16 };
        dicom.text((0x0008, 0x0060), "CS", "DX").text((0x0028, 0x0004), "CS", "MONOCHROME2");
        for (element, value) in [
            (0x0002, 1),
            (0x0010, rows),
            (0x0011, columns),
            (0x0100, allocated),
            (0x0101, bits),
            (0x0102, bits - 1),
            (0x0103, 0),
        ] {
            dicom.word((0x0028, element), value);
        }
        let pixels = if allocated == 8 {
            let mut words = vec![0_u16; values.len().div_ceil(2)];
            for (at, value) in values.iter().enumerate() {
                words[at / 2] |= value << (8 * (at % 2));
            }
            words
        } else {
            values.to_vec()
        };
        dicom.elements.insert((0x7fe0, 0x0010), Value::Words("OW", pixels));
        dicom
    }

    pub fn text(&mut self, tag: Tag, vr: &'static str, text: &str) -> &mut Self {
        self.elements.insert(tag, Value::Text(vr, text.as_bytes().to_vec()));
        self
    }

    pub fn word(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.elements.insert(tag, Value::Words("US", vec![value]));
        self
    }

    pub fn without(&mut self, tag: Tag) -> &mut Self {
        self.elements.remove(&tag);
        self
    }

    pub fn lut(&mut self, tag: Tag, descriptor: [u16; 3], data: &[u16]) -> &mut Self {
        let mut item = BTreeMap::new();
        item.insert((0x0028, 0x3002), Value::Words("US", descriptor.to_vec()));
        item.insert((0x0028, 0x3006), Value::Words("OW", data.to_vec()));
        self.elements.insert(tag, Value::Items(vec![item]));
        self
    }

    pub fn syntax(&mut self, syntax: &'static str) -> &mut Self {
        self.syntax = syntax;
        self
    }

    pub fn coded(&mut self, syntax: &'static str, fragments: &[&[u8]]) -> &mut Self {
        let mut items = vec![Vec::new()];
        items.extend(fragments.iter().map(|fragment| fragment.to_vec()));
        self.elements.insert((0x7fe0, 0x0010), Value::Fragments(items));
        self.syntax(syntax)
    }

    pub fn data_set(&self) -> Vec<u8> {
        let (explicit, big) = (self.syntax != IMPLICIT, self.syntax == BIG);
        let plain = data_set(&self.elements, explicit, big);
        if self.syntax != DEFLATED {
            return plain;
        }
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    }

    pub fn meta(&self) -> Vec<u8> {
        let mut elements = BTreeMap::new();
        elements.insert((0x0002, 0x0010), Value::Text("UI", self.syntax.into()));
        data_set(&elements, true, false)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        bytes.extend(self.meta());
        bytes.extend(self.data_set());
        bytes
    }
}

fn data_set(elements: &BTreeMap<Tag, Value>, explicit: bool, big: bool) -> Vec<u8> {
    let u16 = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let u32 = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let header = |tag: Tag, vr: &str, length: u32| {
        let mut bytes = [u16(tag.0), u16(tag.1)].concat();
        if tag.0 == 0xfffe || !explicit {
            bytes.extend(u32(length));
        } else if matches!(vr, "OB" | "OW" | "SQ" | "UC" | "UN" | "UT" | "ZZ") {
            bytes.extend(vr.as_bytes());
            bytes.extend([0, 0]);
            bytes.extend(u32(length));
        } else {
            bytes.extend(vr.as_bytes());
            bytes.extend(u16(length as u16));
        }
        bytes
    };
    let mut bytes = Vec::new();
    for (&tag, value) in elements {
        let (vr, body, length) = match value {
            Value::Text(vr, text) => {
                let mut text = text.clone();
                if text.len() % 2 == 1 {
                    text.push(if *vr == "UI" { 0 } else { b' ' });
                }
                let length = text.len() as u32;
                (*vr, text, length)
            }
            Value::Words(vr, words) => {
                let body: Vec<u8> = words.iter().flat_map(|&word| u16(word)).collect();
                let length = body.len() as u32;
                (*vr, body, length)
            }
            Value::Items(items) => {
                let mut body = Vec::new();
                for item in items {
                    let inner = data_set(item, explicit, big);
                    body.extend(header((0xfffe, 0xe000), "", inner.len() as u32));
                    body.extend(inner);
                }
                body.extend(header((0xfffe, 0xe0dd), "", 0));
                ("SQ", body, u32::MAX)
            }
            Value::Fragments(fragments) => {
                let mut body = Vec::new();
                for fragment in fragments {
                    body.extend(header((0xfffe, 0xe000), "", fragment.len() as u32));
                    body.extend(fragment);
                }
                body.extend(header((0xfffe, 0xe0dd), "", 0));
                ("OB", body, u32::MAX)
            }
        };
        bytes.extend(header(tag, vr, length));
        bytes.extend(body);
    }
    bytes
}

/// Run-length coding of one byte for all.
pub fn rle_constant(area: usize, segments: usize) -> Vec<u8> {
    let mut run = Vec::new();
    for _ in 0..area / 128 {
        run.extend([129, 7]);
    }
    let mut header = vec![0_u32; 16];
    header[0] = segments as u32;
    for segment in 0..segments {
        header[segment + 1] = (64 + segment * run.len()) as u32;
    }
    let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    (0..segments).for_each(|_| bytes.extend(&run));
    bytes
}

/// Run-length coding by literal runs alone.
pub fn rle(values: &[u16], bytes_per_pixel: usize) -> Vec<u8> {
    let bytes =
        |segment: usize| values.iter().map(move |value| value >> (8 * (bytes_per_pixel - 1 - segment)));
    let segments: Vec<Vec<u16>> =
        (0..bytes_per_pixel).map(|segment| bytes(segment).map(|value| value & 0xff).collect()).collect();
    rle_segments(&segments.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The same of segments of bytes.
pub fn rle_segments(segments: &[&[u16]]) -> Vec<u8> {
    let mut header = vec![0_u32; 16];
    header[0] = segments.len() as u32;
    let mut body = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        header[at + 1] = 64 + body.len() as u32;
        for run in segment.chunks(128) {
            body.push(run.len() as u8 - 1);
            body.extend(run.iter().map(|&byte| byte as u8));
        }
        if body.len() % 2 == 1 {
            body.push(128);
        }
    }
    let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(body);
    bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.pending = self.pending << 1 | value >> bit & 1;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.pending as u8);
                if self.pending == 0xff {
                    self.bytes.push(0);
                }
                (self.pending, self.count) = (0, 0);
            }
        }
    }

    /// A difference as its category, in a code of five bits, and its low bits.
    fn difference(&mut self, difference: i32) {
        // Modulo 2^16, from -32767 to 32768.
        let difference = (difference + 32_767).rem_euclid(65_536) - 32_767;
        let category = 32 - difference.unsigned_abs().leading_zeros();
        self.put(category, 5);
        if category < 16 {
            let low = if difference < 0 { difference - 1 } else { difference };
            self.put(low as u32 & ((1 << category) - 1), category);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count > 0 {
            self.put(1, 1);
        }
        self.bytes
    }
}

pub fn jpeg_segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, marker];
    bytes.extend((body.len() as u16 + 2).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn jpeg_frame(marker: u8, bits: u8, columns: u16, rows: u16) -> Vec<u8> {
    let mut body = vec![bits];
    body.extend(rows.to_be_bytes());
    body.extend(columns.to_be_bytes());
    body.extend([1, 1, 0x11, 0]);
    jpeg_segment(marker, &body)
}

/// A table of `categories` codes of five bits each.
fn jpeg_table(categories: u8) -> Vec<u8> {
    let mut body = vec![0x00, 0, 0, 0, 0, categories, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend(0..categories);
    jpeg_segment(0xc4, &body)
}

/// Lossless JPEG, each pixel predicted from its left neighbour.
pub fn jpeg_lossless(columns: u16, rows: u16, bits: u8, values: &[u16]) -> Vec<u8> {
    jpeg_lossless_by(1, columns, rows, bits, values)
}

/// Lossless JPEG by one of the seven predictors of ITU-T T.81 table H.1.
pub fn jpeg_lossless_by(predictor: u8, columns: u16, rows: u16, bits: u8, values: &[u16]) -> Vec<u8> {
    jpeg_lossless_of(predictor, (columns, rows), bits, values, 0, 0)
}

/// The same with samples that are shifted down by `transform` bits, and a restart marker behind every `restart` lines.
pub fn jpeg_lossless_of(
    predictor: u8,
    (columns, rows): (u16, u16),
    bits: u8,
    values: &[u16],
    transform: u8,
    restart: usize,
) -> Vec<u8> {
    let mut data = Vec::new();
    let mut scan = Bits::default();
    let width = usize::from(columns);
    let value = |at: usize| i32::from(values[at] >> transform);
    for at in 0..values.len() {
        let (x, y) = (at % width, at / width);
        let is_first = y == 0 || (restart > 0 && y % restart == 0);
        if is_first && x == 0 && y > 0 {
            data.extend(std::mem::take(&mut scan).finish());
            data.extend([0xff, 0xd0 | ((y / restart - 1) % 8) as u8]);
        }
        let prediction = match (is_first, x) {
            (true, 0) => 1 << (bits - transform - 1),
            (true, _) => value(at - 1),
            (_, 0) => value(at - width),
            _ => {
                let (a, b, c) = (value(at - 1), value(at - width), value(at - width - 1));
                match predictor {
                    1 => a,
                    2 => b,
                    3 => c,
                    4 => a + b - c,
                    5 => a + ((b - c) >> 1),
                    6 => b + ((a - c) >> 1),
                    _ => (a + b) >> 1,
                }
            }
        };
        scan.difference(value(at) - prediction);
    }
    data.extend(scan.finish());
    let interval = (restart * width) as u16;
    [
        vec![0xff, 0xd8],
        jpeg_frame(0xc3, bits, columns, rows),
        jpeg_table(17),
        if restart > 0 { jpeg_segment(0xdd, &interval.to_be_bytes()) } else { Vec::new() },
        jpeg_segment(0xda, &[1, 1, 0x00, predictor, 0, transform]),
        data,
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// Lossless JPEG of pixels that are all the same.
pub fn jpeg_lossless_flat(columns: u16, rows: u16, bits: u8) -> Vec<u8> {
    let mut scan = Bits::default();
    for _ in 0..usize::from(columns) * usize::from(rows) {
        scan.put(0, 5);
    }
    [
        vec![0xff, 0xd8],
        jpeg_frame(0xc3, bits, columns, rows),
        jpeg_table(17),
        jpeg_segment(0xda, &[1, 1, 0x00, 1, 0, 0]),
        scan.finish(),
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// JPEG-LS of pixels that are all 0: every line is one run.
pub fn jpeg_ls_black(columns: u16, rows: u16, bits: u8) -> Vec<u8> {
    const LENGTHS: [u32; 32] = [
        0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    ];
    let mut ones = 0;
    let mut index = 0;
    for _ in 0..rows {
        let mut left = u32::from(columns);
        while left > 0 {
            let run = 1 << LENGTHS[index];
            if run <= left && index < 31 {
                index += 1;
            }
            left -= run.min(left);
            ones += 1;
        }
    }
    // Bits of 1 alone: behind each byte of 0xff comes one whose first bit is filling.
    let mut scan = Vec::new();
    while ones > 0 {
        let width = if scan.last() == Some(&0xff) { 7 } else { 8 };
        let count = width.min(ones);
        scan.push((((1_u32 << count) - 1) << (width - count)) as u8);
        ones -= count;
    }
    if scan.last() == Some(&0xff) {
        scan.push(0);
    }
    [
        vec![0xff, 0xd8],
        jpeg_frame(0xf7, bits, columns, rows),
        jpeg_segment(0xda, &[1, 1, 0x00, 0, 0, 0]),
        scan,
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// Baseline JPEG of blocks of 8 x 8 pixels, each of one brightness.
pub fn jpeg_blocks(columns: u16, rows: u16, blocks: &[u8], extra: &[u8]) -> Vec<u8> {
    let blocks: Vec<u16> = blocks.iter().map(|&block| block.into()).collect();
    jpeg_dct(0xc0, 8, (columns, rows), &blocks, extra, 0)
}

/// Baseline JPEG of three components without subsampling, block by block.
pub fn jpeg_colour(columns: u16, rows: u16, blocks: &[[u8; 3]]) -> Vec<u8> {
    let mut scan = Bits::default();
    let mut before = [0; 3];
    for block in blocks {
        for (&component, before) in block.iter().zip(&mut before) {
            let dc = 8 * (i32::from(component) - 128);
            scan.difference(dc - *before);
            *before = dc;
            scan.put(0, 1);
        }
    }
    let mut frame = vec![8];
    frame.extend(rows.to_be_bytes());
    frame.extend(columns.to_be_bytes());
    frame.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    [
        vec![0xff, 0xd8],
        jpeg_segment(0xdb, &[[0].as_slice(), &[1; 64]].concat()),
        jpeg_segment(0xc0, &frame),
        jpeg_table(12),
        jpeg_segment(0xc4, &[[0x10, 1].as_slice(), &[0; 16]].concat()),
        jpeg_segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
        scan.finish(),
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// JPEG of 12 bits of blocks that are each of one brightness.
pub fn jpeg_blocks_12(columns: u16, rows: u16, blocks: &[u16]) -> Vec<u8> {
    jpeg_dct(0xc1, 12, (columns, rows), blocks, &[], 0)
}

/// The same in general, with a restart marker behind every `restart` blocks, if any.
pub fn jpeg_dct(
    marker: u8,
    bits: u8,
    (columns, rows): (u16, u16),
    blocks: &[u16],
    extra: &[u8],
    restart: usize,
) -> Vec<u8> {
    let mut data = Vec::new();
    let mut scan = Bits::default();
    let mut before = 0;
    for (at, &block) in blocks.iter().enumerate() {
        if restart > 0 && at > 0 && at % restart == 0 {
            data.extend(std::mem::take(&mut scan).finish());
            data.extend([0xff, 0xd0 | ((at / restart - 1) % 8) as u8]);
            before = 0;
        }
        // With steps of 1, a constant block v has the one coefficient 8 (v - middle).
        let dc = 8 * (i32::from(block) - (1 << (bits - 1)));
        scan.difference(dc - before);
        before = dc;
        scan.put(0, 1);
    }
    data.extend(scan.finish());
    let mut quantisation = vec![0];
    quantisation.extend([1; 64]);
    let mut end_of_block = vec![0x10, 1];
    end_of_block.extend([0; 15]);
    end_of_block.push(0);
    let restarts =
        if restart == 0 { Vec::new() } else { jpeg_segment(0xdd, &(restart as u16).to_be_bytes()) };
    [
        vec![0xff, 0xd8],
        extra.to_vec(),
        jpeg_segment(0xdb, &quantisation),
        jpeg_frame(marker, bits, columns, rows),
        jpeg_table(if bits == 8 { 12 } else { 16 }),
        jpeg_segment(0xc4, &end_of_block),
        restarts,
        jpeg_segment(0xda, &[1, 1, 0x00, 0, 63, 0]),
        data,
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// What a JPEG 2000 codestream declares. Its one packet is empty, so every sample is the middle of the range.
pub struct Jpeg2000 {
    pub columns: u32,
    pub rows: u32,
    pub tile: u32,
    pub bits: u8,
    pub signed: bool,
    /// Powers of two less 2.
    pub code_block: (u8, u8),
    pub precinct: Option<u8>,
}

impl Jpeg2000 {
    pub fn new(columns: u32, rows: u32, bits: u8) -> Self {
        Self {
            columns,
            rows,
            tile: columns.max(rows),
            bits,
            signed: false,
            code_block: (4, 4),
            precinct: None,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut size = vec![0, 0];
        for word in [self.columns, self.rows, 0, 0, self.tile, self.tile, 0, 0] {
            size.extend(word.to_be_bytes());
        }
        size.extend([0, 1, (self.bits - 1) | u8::from(self.signed) << 7, 1, 1]);
        let mut style = vec![
            u8::from(self.precinct.is_some()),
            0,
            0,
            1,
            0,
            0,
            self.code_block.0,
            self.code_block.1,
            0,
            1,
        ];
        style.extend(self.precinct);
        [
            vec![0xff, 0x4f],
            jpeg_segment(0x51, &size),
            jpeg_segment(0x52, &style),
            jpeg_segment(0x5c, &[0x40, self.bits << 3]),
            jpeg_segment(0x90, &[0, 0, 0, 0, 0, 15, 0, 1]),
            vec![0xff, 0x93, 0x00],
            vec![0xff, 0xd9],
        ]
        .concat()
    }
}

/// A PNG of samples as they are.
pub fn png(columns: u32, rows: u32, color: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette((0..=255_u8).flat_map(|level| [level; 3]).collect::<Vec<u8>>());
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}
