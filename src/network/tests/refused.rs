//! Every reason to refuse a network, and how it is said.

use super::super::*;
use super::{Entry, SMALL, entry, file, int8, int32, parse, small_tensors, uint8};
use safetensors::Dtype;

/// The message for a text in which one piece is replaced.
fn refused(piece: &str, by: &str) -> String {
    assert_eq!(SMALL.matches(piece).count(), 1, "{piece:?} stands there once");
    parse(&SMALL.replace(piece, by), &small_tensors()).expect_err(by).to_string()
}

fn check(rows: &[(&str, &str, &str)]) {
    for (piece, by, wanted) in rows {
        let message = refused(piece, by);
        assert_eq!(message, format!("small.yaml: {wanted}"), "{by}");
        assert!(!message.contains('\n'), "one line: {message}");
    }
}

#[test]
fn keys_at_the_top_level() {
    check(&[
        (
            "network/1",
            "network/2",
            "schema: \"capram.network/2\" does not fit; allowed: capram.network/1",
        ),
        ("schema: capram.network/1\n", "", "schema: missing; allowed: capram.network/1"),
        (
            "source: made up",
            "sources: x",
            "top level: unknown key \"sources\"; allowed: schema, name, source, weights, input, labels, layers",
        ),
        ("source: made up", "source: 7", "source: 7 has the wrong type; allowed: a text"),
        ("name: small\n", "name: ''\n", "name: \"\" does not fit; allowed: a text of one line"),
        ("name: small\n", "", "name: missing; allowed: a text of one line"),
        (
            "weights: small.safetensors",
            "weights: ../x",
            "weights: \"../x\" does not fit; allowed: the name of a file beside this one",
        ),
        (
            "weights: small.safetensors",
            "weights: [x]",
            "weights: a list has the wrong type; allowed: the name of a file beside this one",
        ),
        (
            "[one, two, three]",
            "[one, two, one]",
            "labels[2]: \"one\" is given twice; allowed: a name of its own for every class",
        ),
        (
            "[one, two, three]",
            "[0, 1, 2]",
            "labels[0]: 0 has the wrong type; allowed: a text of one line (numbers in quotes)",
        ),
        ("[one, two, three]", "[]", "labels: a list of 0; allowed: a list of 1 to 256 texts"),
        (
            "[one, two, three]",
            "[one, two]",
            "labels: 2 labels for the 3 elements of `fc`, the last layer; allowed: one label per element of the last layer",
        ),
    ]);
    for (text, wanted) in [
        ("layers: 7", "schema: missing; allowed: capram.network/1"),
        (
            "7",
            "top level: 7 has the wrong type; allowed: a mapping with the keys schema, name, source, weights, input, labels, layers",
        ),
        (
            "",
            "top level: nothing has the wrong type; allowed: a mapping with the keys schema, name, source, weights, input, labels, layers",
        ),
    ] {
        let message = parse(text, &[]).unwrap_err().to_string();
        assert_eq!(message, format!("small.yaml: {wanted}"));
    }
    let no_layers = format!("{}layers: []", SMALL.split_once("layers:").unwrap().0);
    assert_eq!(
        parse(&no_layers, &small_tensors()).unwrap_err().to_string(),
        "small.yaml: layers: a list of 0; allowed: a list of 1 to 1024 layers"
    );
}

#[test]
fn the_image() {
    check(&[
        (
            "[2, 5, 6]",
            "[2, 5]",
            "input.shape: a list of 2; allowed: a list of 3 integers: channels, height, width",
        ),
        (
            "[2, 5, 6]",
            "[0, 5, 6]",
            "input.shape[0]: 0 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "[2, 5, 6]",
            "[2, 5, 1152921504606846976]",
            "input.shape[2]: 1152921504606846976 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "[2, 5, 6]",
            "[4096, 4096, 2]",
            "input.shape: 4096 x 4096 x 2 are too many elements; allowed: at most 16777216",
        ),
        (
            "[2, 5, 6], bits: 4",
            "[2, 5, 6], bits: 9",
            "input.bits: 9 is out of range; allowed: an integer from 1 to 8",
        ),
        ("[2, 5, 6], bits: 4", "[2, 5, 6]", "input.bits: missing; allowed: an integer from 1 to 8"),
        (
            "multiplier: 3,",
            "multiplier: .nan,",
            "input.scaling.multiplier: NaN has the wrong type; allowed: an integer from -2147483648 to 2147483647",
        ),
        (
            "bias: -20,",
            "bias: -2147483649,",
            "input.scaling.bias: -2147483649 is out of range; allowed: an integer from -2147483648 to 2147483647",
        ),
        (
            "shift: 5}",
            "shift: 32}",
            "input.scaling.shift: 32 is out of range; allowed: an integer from 0 to 31",
        ),
        (
            "shift: 5}",
            "shift: 5, round: 1}",
            "input.scaling: unknown key \"round\"; allowed: multiplier, bias, shift",
        ),
    ]);
}

#[test]
fn what_all_layers_have() {
    check(&[
        (
            "name: pool1,",
            "",
            "layers[1].name: missing; allowed: a name of letters, digits, _ and -",
        ),
        (
            "name: pool1,",
            "name: 'pool 1',",
            "layers[1].name: \"pool 1\" does not fit; allowed: a name of letters, digits, _ and -",
        ),
        (
            "name: pool1,",
            "name: conv1,",
            "layers[1].name: \"conv1\" is taken; allowed: a name of its own, other than `image`",
        ),
        (
            "name: pool1,",
            "name: image,",
            "layers[1].name: \"image\" is taken; allowed: a name of its own, other than `image`",
        ),
        (
            "{name: flat, kind: flatten}",
            "flat",
            "layers[6]: \"flat\" has the wrong type; allowed: a mapping with the keys name, kind, from and those of its kind",
        ),
        (
            "kind: flatten",
            "kind: relu",
            "layers.flat.kind: \"relu\" does not fit; allowed: conv, fully_connected, max_pool, average_pool, add, flatten",
        ),
        (
            ", kind: flatten",
            "",
            "layers.flat.kind: missing; allowed: conv, fully_connected, max_pool, average_pool, add, flatten",
        ),
        (
            "kind: flatten",
            "kind: flatten, bits: 4",
            "layers.flat: unknown key \"bits\"; allowed: name, kind, from",
        ),
        (
            "kind: flatten",
            "kind: flatten, from: fc",
            "layers.flat.from: \"fc\" is not an earlier layer; allowed: image, conv1, pool1, conv2, add1, conv3, pool2",
        ),
        (
            "kind: flatten",
            "kind: flatten, from: [pool2]",
            "layers.flat.from: a list has the wrong type; allowed: the name of an earlier layer, or `image`",
        ),
        (
            "kind: flatten",
            "kind: flatten, from: conv2",
            "layers.flat.from: `conv2` gives sums; allowed: activations; sums only for `add`, or at the end",
        ),
        (
            "[conv2, pool1]",
            "[pool1, pool1]",
            "layers.conv2: no layer reads what it gives; allowed: a layer that a later one reads, or the last one",
        ),
    ]);
}

#[test]
fn shapes() {
    check(&[
        (
            "kernel: [3, 2]",
            "kernel: [8, 2]",
            "layers.conv1.kernel: [8, 2] is larger than what it moves over; allowed: at most [7, 6], rows and columns",
        ),
        (
            "kernel: [3, 2]",
            "kernel: [3, 0]",
            "layers.conv1.kernel[1]: 0 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "kernel: [3, 2]",
            "kernel: 3",
            "layers.conv1.kernel: 3 has the wrong type; allowed: a list of 2 integers: rows, columns",
        ),
        (
            "kernel: [3, 2]\n",
            "\n",
            "layers.conv1.kernel: missing; allowed: a list of 2 integers: rows, columns",
        ),
        (
            "stride: [2, 1]\n",
            "stride: [0, 1]\n",
            "layers.conv1.stride[0]: 0 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "padding: [1, 0]\n    groups",
            "padding: [-1, 0]\n    groups",
            "layers.conv1.padding[0]: -1 is out of range; allowed: an integer from 0 to 4096",
        ),
        (
            "padding: [1, 0]\n    groups",
            "padding: [4096, 4096]\n    groups",
            "layers.conv1: 4 x 4098 x 8197 are too many elements; allowed: at most 16777216",
        ),
        (
            "groups: 2",
            "groups: 3",
            "layers.conv1.groups: 3 does not divide 2 channels and 4 outputs; allowed: a divisor of both",
        ),
        (
            "groups: 2",
            "groups: 0",
            "layers.conv1.groups: 0 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "kernel: [1, 2]",
            "kernel: [1, 6]",
            "layers.pool1.kernel: [1, 6] is larger than what it moves over; allowed: at most [3, 5], rows and columns",
        ),
        (
            "kernel: [1, 2]",
            "kernel: [1, 2], stride: [1, 0]",
            "layers.pool1.stride[1]: 0 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "max_pool, kernel: [1, 2]",
            "max_pool, kernel: [1, 2], padding: [0, 0]",
            "layers.pool1: unknown key \"padding\"; allowed: name, kind, from, kernel, stride",
        ),
        (
            "average_pool,",
            "average_pool, from: conv2,",
            "layers.pool2.from: `conv2` gives sums; allowed: activations; sums only for `add`, or at the end",
        ),
        (
            "[conv2, pool1]",
            "[conv2, conv1]",
            "layers.add1.from: `conv2` is 4 x 3 x 2 and `conv1` is 4 x 3 x 5 (channels x height x width); allowed: two of equal shape",
        ),
    ]);
}

#[test]
fn layers_of_weights() {
    check(&[
        (
            "outputs: 3\n",
            "outputs: 4097\n",
            "layers.fc.outputs: 4097 is out of range; allowed: an integer from 1 to 4096",
        ),
        (
            "outputs: 3\n",
            "outputs: 3.0\n",
            "layers.fc.outputs: 3.0 has the wrong type; allowed: an integer from 1 to 4096",
        ),
        (
            "outputs: 3\n",
            "outputs: 3\n    kernel: [1, 1]\n",
            "layers.fc: unknown key \"kernel\"; allowed: name, kind, from, outputs, weights, format, activation_bits, range, level, requantize, bias",
        ),
        (
            "format: single3",
            "format: single5",
            "layers.fc.format: \"single5\" does not fit; allowed: single1, single2, single3, single4, diff1, diff2",
        ),
        (
            "range: 1/4",
            "range: 1/3",
            "layers.conv1.range: \"1/3\" does not fit; allowed: 1, 1/2, 1/4, 1/8",
        ),
        (
            "range: 1/4",
            "range: 0.25",
            "layers.conv1.range: 0.25 has the wrong type; allowed: 1, 1/2, 1/4, 1/8",
        ),
        (
            "level: 7",
            "level: 16",
            "layers.fc.level: 16 is out of range; allowed: an integer from 0 to 15",
        ),
        (
            "range: 1/4",
            "range: 1/4\n    level: 15",
            "layers.conv1.level: given for diff1; allowed: a level for single-ended formats only",
        ),
        (
            "format: diff1\n    activation_bits: 4",
            "format: diff1\n    activation_bits: 3",
            "layers.conv1.activation_bits: 3 is less than the 4 bits that come in; allowed: an integer from 4 to 8",
        ),
        (
            "format: single3\n    activation_bits: 5",
            "format: single3\n    activation_bits: 9",
            "layers.fc.activation_bits: 9 is out of range; allowed: an integer from 1 to 8",
        ),
        (
            "bits: 5, shift: 3",
            "bits: 0, shift: 3",
            "layers.conv3.requantize.bits: 0 is out of range; allowed: an integer from 1 to 8",
        ),
        (
            "bits: 5, shift: 3",
            "bits: 5, shift: 32",
            "layers.conv3.requantize.shift: 32 is out of range; allowed: an integer from 0 to 31",
        ),
        (
            "bits: 5, shift: 3",
            "bits: 5, shift: 3, round: 1",
            "layers.conv3.requantize: unknown key \"round\"; allowed: bits, shift, multiplier, bias",
        ),
        (
            "range: 1/8",
            "range: 1/8\n    bias: fc.bias",
            "layers.conv3.bias: given beside `requantize`; allowed: `bias` of sums, or `requantize` with a bias in it",
        ),
        (
            "bits: 4\n    shift: 7",
            "shift: 7",
            "layers.add1.bits: missing; allowed: an integer from 1 to 8",
        ),
        (
            "[conv2, pool1]",
            "conv2",
            "layers.add1.from: \"conv2\" has the wrong type; allowed: a list of 2 names: layers or `image`",
        ),
        (
            "[add1.t, add1.u]",
            "[add1.t]",
            "layers.add1.multipliers: a list of 1; allowed: a list of 2 names of tensors",
        ),
        ("    bias: add1.bias\n", "", "layers.add1.bias: missing; allowed: the name of a tensor"),
    ]);
}

#[test]
fn cells_used_twice() {
    const FITTING: &str = "a layer of the same kind, kernel, groups, inputs, outputs and format";
    let rows = "rows: [2, 0, 3, 1], outputs: [1, 2, 3, 0]";
    let differs = |what| format!("layers.conv3.weights.of: {what}; allowed: {FITTING}");
    let of_conv3 = "{of: conv2, rows: [2, 0, 3, 1], outputs: [1, 2, 3, 0]}";
    let tail = format!("weights: {of_conv3}\n    format: diff2");
    check(&[
        (
            "{of: conv2,",
            "{of: fc,",
            "layers.conv3.weights.of: \"fc\" is not an earlier layer with weights of its own; allowed: the name of such a layer",
        ),
        (
            "{of: conv2,",
            "{of: pool1,",
            "layers.conv3.weights.of: \"pool1\" is not an earlier layer with weights of its own; allowed: the name of such a layer",
        ),
        (
            "weights: fc.weight",
            "weights: {of: conv3}",
            "layers.fc.weights.of: \"conv3\" is not an earlier layer with weights of its own; allowed: the name of such a layer",
        ),
        (
            "weights: fc.weight",
            "weights: {of: conv2}",
            &differs("`conv2` has kind conv, this layer fully_connected").replace("conv3", "fc"),
        ),
        ("{of: conv2,", "{of: conv1,", &differs("`conv1` has kernel [3, 2], this layer [1, 1]")),
        (
            rows,
            "rows: [2, 0, 3, 4]",
            "layers.conv3.weights.rows[3]: 4 is out of range; allowed: an integer from 0 to 3",
        ),
        (
            rows,
            "rows: [2, 0, 3, 2]",
            "layers.conv3.weights.rows[3]: 2 is given twice; allowed: every number from 0 to 3 once",
        ),
        (
            rows,
            "outputs: [2, 0, 3]",
            "layers.conv3.weights.outputs: a list of 3; allowed: a list of 4 integers",
        ),
        (
            rows,
            "columns: [0]",
            "layers.conv3.weights: unknown key \"columns\"; allowed: of, rows, outputs",
        ),
        (
            "of: conv2, ",
            "",
            "layers.conv3.weights.of: missing; allowed: the name of an earlier layer",
        ),
        (
            &tail,
            &tail.replace("diff2", "single4"),
            &differs("`conv2` has format diff2, this layer single4"),
        ),
        (&tail, &format!("groups: 2\n    {tail}"), &differs("`conv2` has groups 1, this layer 2")),
    ]);
    let fewer = SMALL.replace(
        "    outputs: 4\n    kernel: [1, 1]\n    padding: [1, 0]",
        "    outputs: 2\n    kernel: [1, 1]\n    padding: [1, 0]",
    );
    assert_eq!(
        parse(&fewer, &small_tensors()).unwrap_err().to_string(),
        format!("small.yaml: {}", differs("`conv2` has outputs 4, this layer 2"))
    );
    let other =
        SMALL.replace("    padding: [1, 0]\n    weights: {of", "    from: image\n    weights: {of");
    assert_eq!(
        parse(&other, &small_tensors()).unwrap_err().to_string(),
        format!("small.yaml: {}", differs("`conv2` has inputs 4, this layer 2"))
    );
}

/// Messages for tensors of which one is replaced.
fn refused_tensor(tensor: Entry) -> String {
    let mut tensors = small_tensors();
    tensors.iter_mut().find(|t| t.name == tensor.name).unwrap().clone_from(&tensor);
    parse(SMALL, &tensors).expect_err(&tensor.name).to_string()
}

#[test]
fn tensors_of_another_type_shape_or_value() {
    let floats = |name, dtype, shape: &[usize], size| {
        let length: usize = shape.iter().product::<usize>() * size;
        entry(name, dtype, shape, vec![0xff; length])
    };
    let rows = [
        (
            int8("fc.weight", &[3, 15], |_| 0),
            "small.yaml: layers.fc.weights: tensor \"fc.weight\" is int8 [3, 15]; allowed: int8 [3, 16]",
        ),
        (
            int8("fc.weight", &[3, 16, 1], |_| 0),
            "small.yaml: layers.fc.weights: tensor \"fc.weight\" is int8 [3, 16, 1]; allowed: int8 [3, 16]",
        ),
        (
            floats("fc.weight", Dtype::F32, &[3, 16], 4),
            "small.yaml: layers.fc.weights: tensor \"fc.weight\" is float32 [3, 16]; allowed: int8 [3, 16]",
        ),
        (
            floats("fc.bias", Dtype::F64, &[3], 8),
            "small.yaml: layers.fc.bias: tensor \"fc.bias\" is float64 [3]; allowed: int32 [3]",
        ),
        (
            int32("conv1.multiplier", &[1, 2, 3, 4]),
            "small.yaml: layers.conv1.requantize.multiplier: tensor \"conv1.multiplier\" is int32 [4]; allowed: uint8 [4]",
        ),
        (
            uint8("add1.u", &[1, 2, 3, 4]),
            "small.yaml: layers.add1.multipliers[1]: tensor \"add1.u\" is uint8 [4]; allowed: int32 [4]",
        ),
        (
            int8("fc.weight", &[3, 16], |i| if i == 37 { 4 } else { 0 }),
            "small.safetensors: fc.weight[2, 5]: 4 does not fit single3; allowed: -4..=3",
        ),
        (
            int8("conv1.weight", &[4, 1, 3, 2], |i| if i == 23 { -2 } else { 0 }),
            "small.safetensors: conv1.weight[3, 0, 2, 1]: -2 does not fit diff1; allowed: -1..=1",
        ),
        (
            int8("conv2.weight", &[4, 4, 1, 1], |i| if i == 6 { -4 } else { 0 }),
            "small.safetensors: conv2.weight[1, 2, 0, 0]: -4 does not fit diff2; allowed: -3..=3",
        ),
    ];
    for (tensor, wanted) in rows {
        assert_eq!(refused_tensor(tensor), wanted);
    }
    let binary = SMALL.replace("single3", "single1");
    let mut tensors = small_tensors();
    tensors[10] = int8("fc.weight", &[3, 16], |i| if i == 1 { 0 } else { 1 });
    assert_eq!(
        parse(&binary, &tensors).unwrap_err().to_string(),
        "small.safetensors: fc.weight[0, 1]: 0 does not fit single1; allowed: -1..=1 without 0"
    );
}

#[test]
fn tensors_missing_or_left_over() {
    let mut tensors = small_tensors();
    tensors.truncate(3);
    assert_eq!(
        parse(SMALL, &tensors).unwrap_err().to_string(),
        "small.yaml: layers.conv2.weights: no tensor \"conv2.weight\" in the weights file; allowed: \
         the file's tensors: conv1.bias, conv1.multiplier, conv1.weight"
    );
    tensors = small_tensors();
    tensors.push(int32("spare", &[1]));
    assert_eq!(
        parse(SMALL, &tensors).unwrap_err().to_string(),
        "small.safetensors: spare: no layer names this tensor; allowed: tensors that the network uses"
    );
}

/// Damage of the safetensors file itself.
#[test]
fn files_that_are_not_whole() {
    let whole = file(&small_tensors());
    let refused = |bytes: &[u8], wanted: &str| {
        let message = Network::parse(SMALL, bytes, "small").unwrap_err().to_string();
        let rest = "; allowed: one that is whole and nothing but it";
        assert_eq!(message, format!("small.safetensors: not a safetensors file: {wanted}{rest}"));
    };
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let data = whole.len() - header;
    refused(&[], "header too small");
    refused(&whole[..20], "invalid header length");
    refused(
        &whole[..whole.len() - 3],
        &format!(
            "tensor \"conv3.multiplier\" ends at byte {data} of the {} that are there",
            data - 3
        ),
    );
    refused(&[&whole[..], &[0]].concat(), "incomplete metadata, file not fully covered");
    let huge = |header: &str| {
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], header.as_bytes()].concat()
    };
    // Nine tensors of 2^61 bytes: their sum exceeds 64 bits.
    let entry = |i: u64| {
        let (start, size) = (i << 61, 1_u64 << 61);
        let end = start.saturating_add(size - u64::from(i == 7));
        format!(
            "\"t{i}\":{{\"dtype\":\"I8\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}",
            end - start
        )
    };
    let entries: Vec<String> = (0..8).map(entry).collect();
    refused(
        &huge(&format!("{{{}}}", entries.join(","))),
        "tensor \"t0\" ends at byte 2305843009213693952 of the 0 that are there",
    );
}

/// What the parser itself refuses.
#[test]
fn text_that_is_no_network() {
    let rest = "; allowed: YAML with `schema: capram.network/1`, every key once";
    for (text, wanted) in [
        (
            SMALL.replace("groups: 2", "groups: 2\n    groups: 2"),
            "key \"groups\" given twice at line ",
        ),
        (SMALL.replace("groups: 2", "groups: !x 2"), "invalid type: enum"),
        (SMALL.replace("groups: 2", "groups: ]"), "did not find expected node content"),
        (format!("{SMALL}---\na: 1\n"), "more than one document"),
        ("[".repeat(1000), "recursion limit exceeded"),
    ] {
        let message = parse(&text, &[]).unwrap_err().to_string();
        assert!(message.starts_with("small.yaml: not a network: "), "{message}");
        assert!(message.contains(wanted) && message.ends_with(rest), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}
