//! Data sets: what is read, what is refused and how that is said.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use tempfile::TempDir;

use super::idx::Stream;
use super::*;
use crate::network::Network;

const IMAGES: &str = "t10k-images-idx3-ubyte";
const LABELS: &str = "t10k-labels-idx1-ubyte";

fn idx(magic: u32, sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let header = [&[magic], sizes].concat();
    header.iter().flat_map(|word| word.to_be_bytes()).chain(data.iter().copied()).collect()
}

/// Two images of 2 x 3.
fn images() -> Vec<u8> {
    idx(0x0803, &[2, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255])
}

fn labels() -> Vec<u8> {
    idx(0x0801, &[2], &[7, 0])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// The message, without the folder and the slash after it.
fn refused_split(files: &[(&str, Vec<u8>)], split: Split) -> String {
    let folder = folder(files);
    let message = Dataset::open(folder.path(), split).unwrap_err().to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    let path = folder.path().display().to_string();
    message.replace(&format!("{path}/"), "").replace(&path, "FOLDER")
}

fn refused(files: &[(&str, Vec<u8>)]) -> String {
    refused_split(files, Split::Test)
}

fn check_pair(folder: &TempDir) {
    let dataset = Dataset::open(folder.path(), Split::Test).unwrap();
    assert_eq!(dataset.name, folder.path().display().to_string());
    assert_eq!(dataset.shape, Shape { channels: 1, height: 2, width: 3 });
    assert_eq!((dataset.len(), &dataset.labels[..]), (2, &[7, 0][..]));
    assert_eq!(dataset.image(0), [1, 2, 3, 4, 5, 6]);
    assert_eq!(dataset.image(1), [7, 8, 9, 10, 11, 255]);
}

#[test]
fn idx_files_plain_packed_and_in_several_members() {
    check_pair(&folder(&[(IMAGES, images()), (LABELS, labels())]));
    let packed = [("t10k-images-idx3-ubyte.gz", gzip(&images())), (LABELS, labels())];
    check_pair(&folder(&packed));
    let (start, end) = (gzip(&images()[..17]), gzip(&images()[17..]));
    let members = ("t10k-images-idx3-ubyte.gz", [start, end].concat());
    check_pair(&folder(&[members, ("t10k-labels-idx1-ubyte.gz", gzip(&labels()))]));
    // A plain file is read first, whatever the packed one holds.
    let both = [(IMAGES, images()), ("t10k-images-idx3-ubyte.gz", vec![1]), (LABELS, labels())];
    check_pair(&folder(&both));
}

#[test]
fn folders_without_a_data_set() {
    let looked = "allowed: either IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, \
                  t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each also with .gz) or CIFAR-10 \
                  binary (data_batch_1.bin to data_batch_5.bin, test_batch.bin)";
    assert_eq!(refused(&[]), format!("FOLDER: no data set; {looked}"));
    let both = [("train-labels-idx1-ubyte.gz", vec![]), ("data_batch_3.bin", vec![])];
    assert_eq!(refused(&both), format!("FOLDER: both IDX and CIFAR-10; {looked}"));
    let none = "cannot be read: No such file or directory (os error 2)";
    let half = [(IMAGES, images())];
    assert_eq!(refused(&half), format!("{LABELS}: {none}"));
    let other = [(IMAGES, images()), (LABELS, labels())];
    assert_eq!(refused_split(&other, Split::Train), format!("train-images-idx3-ubyte: {none}"));
    let cifar = [("test_batch.bin", vec![])];
    assert_eq!(refused_split(&cifar, Split::Train), format!("data_batch_1.bin: {none}"));
    let message = |path: &Path| Dataset::open(path, Split::Test).unwrap_err().to_string();
    assert_eq!(message("/no/such".as_ref()), format!("/no/such: {none}"));
    assert_eq!(
        message("/dev/null".as_ref()),
        "/dev/null: not a folder; allowed: a folder of images"
    );
}

#[test]
fn idx_files_that_are_not_whole() {
    let row = |images: Vec<u8>, wanted: &str| {
        let message = refused(&[(IMAGES, images), (LABELS, labels())]);
        assert_eq!(message, format!("{IMAGES}: {wanted}"));
    };
    row(labels(), "starts with 0x00000801; allowed: 0x00000803, unsigned bytes: images");
    row(gzip(&images()), "starts with 0x1f8b0800; allowed: 0x00000803, unsigned bytes: images");
    row(vec![0, 0], "ends within the header; allowed: an IDX file: images");
    row(images()[..13].into(), "ends within the header; allowed: an IDX file: images");
    row(
        images()[..27].into(),
        "11 bytes after the header; allowed: the 12 that the header promises",
    );
    row(
        [images(), vec![0]].concat(),
        "more than the 12 bytes that the header promises; allowed: nothing after them",
    );
    let none = "allowed: at least one of at least 1 x 1";
    row(idx(0x0803, &[0, 2, 3], &[]), &format!("0 x 2 x 3 are none; {none}"));
    row(idx(0x0803, &[2, 2, 0], &[]), &format!("2 x 2 x 0 are none; {none}"));
    let most = "allowed: images of at most 4096 x 4096 and 1073741824 bytes in all";
    let big = u32::MAX;
    row(
        idx(0x0803, &[big, big, big], &[]),
        &format!("4294967295 x 4294967295 x 4294967295 in the header; {most}"),
    );
    row(idx(0x0803, &[big, 28, 28], &[]), &format!("4294967295 x 28 x 28 in the header; {most}"));
    row(idx(0x0803, &[1, 1, 4097], &[]), &format!("1 x 1 x 4097 in the header; {most}"));
    row(
        idx(0x0803, &[1 << 20, 32, 32], &[]),
        "0 bytes after the header; allowed: the 1073741824 that the header promises",
    );
}

#[test]
fn labels_of_another_kind_or_number() {
    let row = |labels: Vec<u8>, wanted: &str| {
        let message = refused(&[(IMAGES, images()), (LABELS, labels)]).replace("FOLDER", "");
        assert_eq!(message, format!("{LABELS}: {wanted}"));
    };
    row(idx(0x0801, &[3], &[7, 0, 1]), &format!("3 labels; allowed: 2, one per image of {IMAGES}"));
    row(images(), "starts with 0x00000803; allowed: 0x00000801, unsigned bytes: labels");
    row(idx(0x0801, &[0], &[]), "0 are none; allowed: at least one of at least 1 x 1");
}

/// What exactly is wrong is said by the decoder, whose words depend on its back end.
#[test]
fn corrupt_gzip_files() {
    let row = |images: Vec<u8>| {
        let message = refused(&[("t10k-images-idx3-ubyte.gz", images), (LABELS, labels())]);
        let start = "t10k-images-idx3-ubyte.gz: not a whole gzip file: ";
        let end = "; allowed: the file as it was downloaded, or unpacked without `.gz`";
        assert!(message.starts_with(start) && message.ends_with(end), "{message}");
    };
    let whole = gzip(&images());
    let end = whole.len();
    row(images());
    row(whole[..end - 9].into());
    row(whole[..end - 3].into());
    let mut other_sum = whole.clone();
    other_sum[end - 8] ^= 1;
    row(other_sum);
    row([whole, vec![1, 2, 3]].concat());
}

fn record(label: u8) -> Vec<u8> {
    (0..3073_usize).map(|i| if i == 0 { label } else { (i % 251) as u8 ^ label }).collect()
}

#[test]
fn cifar_batches_in_order() {
    let batch = |i: u8| {
        (
            [
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
            ][usize::from(i)],
            [record(i), record(9)].concat(),
        )
    };
    let mut files: Vec<_> = (0..5).map(batch).collect();
    files.push(("test_batch.bin", record(3)));
    let folder = folder(&files);
    let train = Dataset::open(folder.path(), Split::Train).unwrap();
    assert_eq!(train.labels, [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]);
    assert_eq!(train.image(4), &record(2)[1..]);
    let test = Dataset::open(folder.path(), Split::Test).unwrap();
    assert_eq!((test.len(), test.shape), (1, Shape { channels: 3, height: 32, width: 32 }));
    assert_eq!(test.image(0), &record(3)[1..]);
}

#[test]
fn cifar_files_that_are_not_whole() {
    let row = |bytes: Vec<u8>, wanted: &str| {
        assert_eq!(refused(&[("test_batch.bin", bytes)]), format!("test_batch.bin: {wanted}"));
    };
    let whole = "allowed: whole records of 3073 bytes, at least one";
    row(vec![], &format!("0 bytes; {whole}"));
    row(record(1)[..3072].into(), &format!("3072 bytes; {whole}"));
    row([record(1), vec![0]].concat(), &format!("3074 bytes; {whole}"));
    row([record(1), record(10)].concat(), "label 10 in record 1; allowed: 0 to 9");
}

/// Every label occurs, pixels use the whole range, and no image is in both parts.
#[test]
fn the_bundled_digits() {
    let [train, test] = [Split::Train, Split::Test].map(|s| Dataset::digits(s).unwrap());
    assert!(train.len() > test.len() && !test.is_empty(), "{} {}", train.len(), test.len());
    for part in [&train, &test] {
        assert_eq!(part.shape, Shape { channels: 1, height: 8, width: 8 });
        assert_eq!(part.name, "digits");
        assert_eq!(part.pixels.iter().max(), Some(&16));
        for label in 0..10 {
            assert!(part.labels.contains(&label), "{label}");
        }
        assert!(part.labels.iter().all(|&label| label < 10));
    }
    for i in 0..test.len() {
        assert!((0..train.len()).all(|j| train.image(j) != test.image(i)), "image {i}");
    }
}

#[test]
fn images_and_labels_must_fit_the_network() {
    let network = |shape: &str, labels: &str| {
        let text = format!(
            "schema: capram.network/1\nname: n\nweights: w\nlabels: {labels}\n\
             input: {{shape: {shape}, bits: 8, scaling: {{multiplier: 1, bias: 0, shift: 0}}}}\n\
             layers: [{{name: p, kind: max_pool, kernel: [2, 1]}}, {{name: f, kind: flatten}}]"
        );
        let nothing = b"\x02\0\0\0\0\0\0\0{}";
        Network::parse(&text, nothing, "n").unwrap()
    };
    let folder = folder(&[(IMAGES, images()), (LABELS, idx(0x0801, &[2], &[0, 3]))]);
    let dataset =
        Dataset { name: "some".into(), ..Dataset::open(folder.path(), Split::Test).unwrap() };
    let message = |network: &Network| dataset.check_fits(network).unwrap_err().to_string();
    assert_eq!(
        message(&network("[1, 2, 4]", "[a, b, c, d]")),
        "some: images of 1 x 2 x 3 (channels x height x width); allowed: 1 x 2 x 4, the input of \
         network `n`"
    );
    let three = network("[1, 2, 3]", "[a, b, c]");
    assert_eq!(
        message(&three),
        "some: label 3 of image 1; allowed: 0 to 2, the classes of network `n`"
    );
    Dataset { labels: vec![0, 2], ..dataset.clone() }.check_fits(&three).unwrap();
}

fn read_idx(images: &[u8], labels: &[u8]) -> Result<Dataset, DatasetError> {
    fn stream(bytes: &[u8]) -> Stream<'_> {
        Stream { bytes: Box::new(bytes), file: Path::new("f"), unpacked: false }
    }
    idx::read("f", stream(images), stream(labels))
}

proptest! {
    #[test]
    fn any_bytes_are_accepted_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_idx(&bytes, &labels());
        let packed = folder(&[("t10k-images-idx3-ubyte.gz", bytes.clone()), (LABELS, labels())]);
        let _ = Dataset::open(packed.path(), Split::Test);
        let cifar = folder(&[("test_batch.bin", bytes)]);
        let _ = Dataset::open(cifar.path(), Split::Test);
    }

    #[test]
    fn damaged_files_are_accepted_or_refused(
        places in prop::collection::vec((0_usize..60, any::<u8>()), 1..4), cut in 0_usize..8,
    ) {
        for (mut bytes, packed) in [(images(), false), (gzip(&images()), true)] {
            for &(at, value) in &places {
                let length = bytes.len();
                bytes[at % length] = value;
            }
            bytes.truncate(bytes.len() - cut);
            let name = if packed { "t10k-images-idx3-ubyte.gz" } else { IMAGES };
            let _ = Dataset::open(folder(&[(name, bytes), (LABELS, labels())]).path(), Split::Test);
        }
    }
}
