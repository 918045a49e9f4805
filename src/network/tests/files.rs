//! Files, and what never makes the reader panic.

use std::fs;

use proptest::prelude::*;

use super::super::*;
use super::{SMALL, file, parse, small, small_tensors};

#[test]
fn a_file_says_the_same_as_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any.yaml");
    fs::write(&path, SMALL).unwrap();
    fs::write(folder.path().join("small.safetensors"), file(&small_tensors())).unwrap();
    let network = Network::load(&path).unwrap();
    assert_eq!(network, small());
    assert_eq!(network.source.as_deref(), Some("made up"));
    let shapes: Vec<String> = network.layers.iter().map(|l| l.shape.to_string()).collect();
    let wanted = ["4 x 3 x 5", "4 x 3 x 2", "4 x 3 x 2", "4 x 3 x 2", "4 x 5 x 2", "4 x 2 x 2"];
    assert_eq!(shapes[..6], wanted);
    assert_eq!(shapes[6..], ["16 x 1 x 1", "3 x 1 x 1"]);
    let bits: Vec<_> = (0..8).map(|i| network.activation_bits_of(Source::Layer(i))).collect();
    let five = Some(5);
    assert_eq!(bits, [Some(4), Some(4), None, Some(4), five, five, five, None]);
}

/// Levels, strides, padding and groups that the file does not give.
#[test]
fn defaults_are_the_documented_ones() {
    let yaml = SMALL.replace("    level: 7\n", "").replace("stride: [2, 1]}", "}");
    let yaml = yaml.replace(
        "{name: pool2, kind: average_pool, kernel: [3, 1], }",
        "{name: pool2, kind: average_pool, kernel: [2, 1]}",
    );
    let network = parse(&yaml, &small_tensors()).unwrap();
    let matrix = |i: usize| match &network.layers[i].kind {
        LayerKind::Matrix(matrix) => matrix.clone(),
        _ => panic!("no weights"),
    };
    assert_eq!((matrix(0).level, matrix(7).level), (0, 15));
    let LayerKind::Pool(pool) = &network.layers[5].kind else { panic!("no pool") };
    assert_eq!(pool.stride, [2, 1]);
    let wanted = Convolution { kernel: [1, 1], stride: [1, 1], padding: [0, 0], groups: 1 };
    assert_eq!(matrix(2).convolution, Some(wanted));
}

#[test]
fn files_that_can_not_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str| {
        let error = Network::load(&folder.path().join(name)).unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    };
    let none = "cannot be read: No such file or directory (os error 2)";
    assert_eq!(message("none.yaml"), format!("none.yaml: {none}"));
    fs::write(folder.path().join("small.yaml"), SMALL).unwrap();
    assert_eq!(message("small.yaml"), format!("small.safetensors: {none}"));
    fs::write(folder.path().join("bytes.yaml"), [b'a', 0xff]).unwrap();
    assert_eq!(
        message("bytes.yaml"),
        "bytes.yaml: cannot be read: invalid utf-8 sequence of 1 bytes from index 1"
    );
    let long = fs::File::create(folder.path().join("long.yaml")).unwrap();
    long.set_len((16 << 20) + 1).unwrap();
    assert_eq!(
        message("long.yaml"),
        "long.yaml: cannot be read: longer than the 16777216 bytes that are allowed"
    );
}

/// A short file of lists of aliases would be 8 million values.
#[test]
fn aliases_can_not_fill_the_memory() {
    let ones = vec!["1"; 2000].join(", ");
    let aliases = vec!["*a"; 4000].join(", ");
    let message = parse(&format!("a: &a [{ones}]\nb: [{aliases}]"), &[]).unwrap_err().to_string();
    assert!(message.contains("more than 1048576 values"), "{message}");
}

fn one_line(result: Result<Network, NetworkError>) {
    if let Err(error) = result {
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_accepted_or_refused(text in "\\PC*") {
        one_line(parse(&text, &small_tensors()));
    }

    /// Text that looks like a network.
    #[test]
    fn damaged_networks_are_accepted_or_refused(
        at in 0_usize..2200, cut in 0_usize..40, piece in "[ -~\n]{0,12}",
    ) {
        let at = at.min(SMALL.len());
        let end = (at + cut).min(SMALL.len());
        one_line(parse(&format!("{}{piece}{}", &SMALL[..at], &SMALL[end..]), &small_tensors()));
    }

    /// Any number in place of any other: sizes, shifts, kernels.
    #[test]
    fn any_numbers_are_accepted_or_refused(
        places in prop::collection::vec((0_usize..60, prop_oneof![
            0_i64..9, any::<i64>(), Just(4096), Just(1 << 60), Just(-1),
        ]), 1..4),
    ) {
        let mut yaml = SMALL.to_owned();
        for (place, number) in places {
            let digits: Vec<usize> = yaml
                .match_indices(|c: char| c.is_ascii_digit())
                .map(|(i, _)| i)
                .filter(|&i| matches!(yaml.as_bytes()[i - 1], b' ' | b'['))
                .collect();
            let at = digits[place % digits.len()];
            yaml.replace_range(at..=at, &number.to_string());
        }
        one_line(parse(&yaml, &small_tensors()));
    }

    #[test]
    fn any_bytes_are_accepted_or_refused_as_tensors(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        one_line(Network::parse(SMALL, &bytes, "small"));
    }

    #[test]
    fn damaged_tensors_are_accepted_or_refused(
        places in prop::collection::vec((0_usize..1200, any::<u8>()), 1..4), cut in 0_usize..20,
    ) {
        let mut bytes = file(&small_tensors());
        let length = bytes.len();
        for (at, value) in places {
            bytes[at % length] = value;
        }
        bytes.truncate(length - cut / 10 * (cut % 10));
        one_line(Network::parse(SMALL, &bytes, "small"));
    }
}
