use super::*;

/// A grey picture of 9 x 6 pixels.
const GREY: &str = "ffd8fff7000b080006000901011100ffda0008010100000000fe0001455a7f76ec000005be50000009c8a10b0092800002e24883 \
         c630640004198361c8000005fc28440000028affd9";
/// A picture of three components, pixel by pixel.
const COLOUR_BY_PIXEL: &str = "ffd8fff70011080004000703011100021100031100ffda000c03010002000300000200a0002032014003cb9fb337bcbf64c00000 \
         4e4000c0006a0010000350b1050a3ea1279420ea40040000c000002de30156735defdd5400028a000000bb800000e1a87099a121 \
         a18c78048643279c000000bf946000c0ffd9";

fn bytes(hex: &str) -> Vec<u8> {
    let hex: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    hex.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Ramps beside a flat patch: at column x, row y and component c.
fn pattern(columns: u32, rows: u32, bits: u32, components: u32) -> Vec<u16> {
    let range = 1 << bits;
    let mut samples = Vec::new();
    for y in 0..rows {
        for x in 0..columns {
            for c in 0..components {
                let flat = range / 3 + c;
                let ramp = (7 * x * y + 13 * c * x + 29 * y) % range;
                samples.push(if x >= 4 || y < 2 { ramp } else { flat } as u16);
            }
        }
    }
    samples
}

#[track_caller]
fn check(hex: &str, near: u16, bits: u16, expected: &[u16]) {
    let decoded = decode(&bytes(hex)).unwrap();
    assert_eq!((decoded.bits, decoded.lossy), (bits, near > 0));
    assert_eq!(decoded.values.len(), expected.len());
    for (at, (&found, &expected)) in decoded.values.iter().zip(expected).enumerate() {
        assert!(found.abs_diff(expected) <= near, "sample {at} is {found} and not {expected}");
    }
}

#[test]
fn the_example_of_the_standard() {
    // T.87 annex H.3.
    let hex = "ffd8 fff7000b 08 0004 0004 01 011100 ffda0008 01 0100 00 00 00
        c000006c80208e01c00000574000006ee6000001bc18000005d8000091 60 ffd9";
    let picture = [0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145];
    check(hex, 0, 8, &picture);
}

/// Streams of an independent encoder (CharLS): depths, near-lossless, and components in scans, lines and pixels.
#[test]
fn streams_of_another_encoder() {
    check(
        "ffd8fff7000b080006000901011100ffda0008010100000000fe0001455a7f76ec000005be50000009c8a10b0092800002e24883 \
         c630640004198361c8000005fc28440000028affd9",
        0,
        8,
        &pattern(9, 6, 8, 1),
    );
    check(
        "ffd8fff7000b080006000901011100ffda0008010100030000fe0fff4c02b004882550084cc2c28124b05002046040ffd9",
        3,
        8,
        &pattern(9, 6, 8, 1),
    );
    check(
        "ffd8fff7000b0c0006000901011100ffda0008010100000000fe799b2e99e5acd960000000034df02080000000006712e5ab9720 \
         5714c93468c71f1dbc78c38a12022220ffd9",
        0,
        12,
        &pattern(9, 6, 12, 1),
    );
    check(
        "ffd8fff7000b100006000901011100fff8000d01ffff0012004301140040ffda0008010100000000fe43981b02e0981e0b0581b0 \
         2c0000000000ce100200800000000000006a7120e41a8390720058e3134490a21464718710da1c438c4e321481112220ffd9",
        0,
        16,
        &pattern(9, 6, 16, 1),
    );
    check(
        "ffd8fff7000b100006000901011100fff8000d01ffff008a010b022c0040ffda0008010100280000ff1184449000000000000018 \
         6a108000000000000030c903542c6040d6cc2ae4c41060ffd9",
        40,
        16,
        &pattern(9, 6, 16, 1),
    );
    check(
        "ffd8fff70011080004000703011100021100031100ffda0008010100000000fc00028ab4fee800000b7ca0000013914024a00000 \
         b88718ffda000801020000000080a0502aeaa6000600216284880010000005c7395000001773c293800000b8800020c0ffda0008 \
         01030000000080038007115eb55800180003103e78e800030aabec0002800000e1930d0f000001710000017f0700ffd9",
        0,
        8,
        &pattern(7, 4, 8, 3),
    );
    check(
        "ffd8fff70011080004000703011100021100031100ffda000c03010002000300000100fe028140abaa9c266cc972a4c19a5294a4 \
         8000c0042c50910002000180003103e78e80003000000b7e7371249a186f6a000002ee7048555f6000140000070c98686800002e \
         2f148f0c9c323ce4000002fe0030ffd9",
        0,
        8,
        &pattern(7, 4, 8, 3),
    );
    check(
        "ffd8fff70011080004000703011100021100031100ffda000c03010002000300000200a0002032014003cb9fb337bcbf64c00000 \
         4e4000c0006a0010000350b1050a3ea1279420ea40040000c000002de30156735defdd5400028a000000bb800000e1a87099a121 \
         a18c78048643279c000000bf946000c0ffd9",
        0,
        8,
        &pattern(7, 4, 8, 3),
    );
    check(
        "ffd8fff70011080004000703011100021100031100ffda0008010100020000fc07bfe001540404aa00208100ffda000801020002 \
         00008d9b3e0410446204002b80020020ae00100880ffda0008010300020000830c197d20404026398040d3060000220ae0008001 \
         000010ffd9",
        2,
        8,
        &pattern(7, 4, 8, 3),
    );
    check(
        "ffd8fff70011080004000703011100021100031100ffda000c03010002000300020100fe366cfc5295ddc3d92480410446204040 \
         402639804002b020240d33800240874c180000882a800884f1cebc2000100001ffd9",
        2,
        8,
        &pattern(7, 4, 8, 3),
    );
    check(
        "ffd8fff70011080004000703011100021100031100ffda000c03010002000300020200a0414c3a83f7f2fb8004080a8405020142 \
         3233a1190202001031d4d97c181000200001014104215f031c208e000448000080ffd9",
        2,
        8,
        &pattern(7, 4, 8, 3),
    );
    check(
        "ffd8fff700110c0004000703011100021100031100ffda000c03010002000300010200a0c250537c2ff8ae315fc6fc134d22cda3 \
         ca4f168d291c4a6cd8000000742f40000000016ef041042084440000000005a000000000058f00000000057e5a1096c24d4108e2 \
         a54aaa4ad71678ffd9",
        1,
        12,
        &pattern(7, 4, 12, 3),
    );
}

#[test]
fn a_cut_stream_is_refused() {
    let whole = bytes(COLOUR_BY_PIXEL);
    // The end marker and the filling before it are no part of the picture.
    for cut in 0..whole.len() - 5 {
        let error = decode(&whole[..cut]).unwrap_err();
        assert_eq!(error.reason(), "damaged", "cut at {cut}: {error}");
    }
}

#[test]
fn what_is_not_read_is_named() {
    let change = |at: usize, byte: u8| {
        let mut stream = bytes(GREY);
        stream[at] = byte;
        decode(&stream).unwrap_err().to_string()
    };
    assert!(change(6, 17).contains("JPEG-LS of 17 bits"));
    assert!(change(13, 0x21).contains("subsampling"));
    assert!(change(21, 1).contains("mapping table"));
    assert!(change(24, 1).contains("point transform"));
    assert!(change(22, 200).contains("preset parameters"));
    assert!(change(3, 0xc0).contains("another coding"));
    assert!(change(1, 0xd9).contains("no start of image"));
}
