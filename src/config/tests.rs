//! Loading: what is accepted, what is refused and how that is said.

use std::fs;

use proptest::prelude::*;

use super::*;

/// The files of `configs/`, as a user would load them.
fn shipped(name: &str) -> Config {
    let path = format!("{}/configs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    Config::load(path).unwrap_or_else(|error| panic!("{error}"))
}

/// Loads a file `bad.yaml` beside capram65; the message has no folder in it.
fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let base = include_str!("../../configs/capram65.yaml");
    fs::write(folder.path().join("capram65.yaml"), base).unwrap();
    let path = folder.path().join("bad.yaml");
    fs::write(&path, text).unwrap();
    let prefix = format!("{}/", folder.path().display());
    Config::load(&path).map_err(|error| error.to_string().replace(&prefix, ""))
}

/// The message for a file that must not load.
fn refused(text: &str) -> String {
    load(text).expect_err(text)
}

/// A file that builds upon capram65, with more text.
fn on_base(text: &str) -> String {
    format!("schema: capram.config/1\nbase: capram65.yaml\n{text}")
}

#[test]
fn every_built_in_configuration_loads_from_its_file_too() {
    for name in Config::builtin_names() {
        let config = shipped(name);
        assert_eq!(config, Config::builtin(name).unwrap());
        assert_eq!(config.name, name);
    }
}

#[test]
fn geometries_are_as_named() {
    let of = |name: &str| {
        let g = Config::builtin(name).unwrap().geometry;
        (g.mac_rows, g.columns, g.slices(), g.post_lanes)
    };
    assert_eq!(of("capram65"), (64, 128, 32, 2));
    assert_eq!(of("ideal"), (64, 128, 32, 2));
    assert_eq!(of("onelane"), (64, 128, 32, 1));
    assert_eq!(of("fpga"), (64, 128, 32, 1));
    assert_eq!(of("slice2"), (64, 128, 64, 4));
    assert_eq!(of("slice1"), (64, 128, 128, 8));
    assert_eq!(of("small"), (16, 16, 4, 1));
}

#[test]
fn ideal_is_capram65_with_every_term_off() {
    let mut wanted = shipped("capram65");
    let a = &mut wanted.analog;
    for on in [
        &mut a.capacitor_mismatch.on,
        &mut a.parasitic_mismatch.on,
        &mut a.dac_inl.on,
        &mut a.charge_injection.on,
        &mut a.clock_feedthrough.on,
        &mut a.comparator_common_mode.on,
        &mut a.metastability.on,
        &mut a.injection_noise.on,
        &mut a.ktc_noise.on,
        &mut a.comparator_offset.on,
        &mut a.comparator_noise.on,
        &mut a.cell_mismatch.on,
        &mut a.output_impedance.on,
        &mut a.settling.on,
        &mut a.leakage.on,
    ] {
        assert!(*on, "capram65 has every term on");
        *on = false;
    }
    wanted.name = "ideal".into();
    assert_eq!(shipped("ideal"), wanted);
}

/// 573.44 GOPS [A] = 2 operations x rows x ADCs x rate, however the columns are shared.
#[test]
fn peak_throughput_is_the_published_one() {
    for name in ["capram65", "slice2", "slice1"] {
        let Config { geometry, timing, .. } = shipped(name);
        let macs = (geometry.mac_rows * geometry.slices()) as f64;
        let gops = 2.0 * macs * timing.conversion_rate_msps * 1e-3;
        assert!((gops - 573.44).abs() < 1e-9, "{name}: {gops}");
        assert_eq!(timing.pulses.step_cycles(), timing.nominal_step_cycles);
    }
}

/// The noise in the file follows from 0.139 LSB [F], kT/C and the 63 firings of a conversion.
#[test]
fn comparator_noise_completes_the_published_noise() {
    let Config { geometry, analog, .. } = shipped("capram65");
    let column_f = analog.column_ff(geometry.mac_rows) * 1e-15;
    let ktc = 2.0 * analog.kt() / column_f;
    let firing_c = analog.injection_noise.sigma() * analog.v_full_scale * 1.5e-15;
    let injections = 63.0 * (firing_c / column_f).powi(2);
    let total = (ktc + injections + analog.comparator_noise.sigma_v().powi(2)).sqrt();
    let lsb = total / analog.lsb_v(geometry.mac_rows, 1.0);
    assert!((lsb - 0.139).abs() < 1e-4, "{lsb}");
}

/// Default time constants leave less than the limit of the settling rule, which looks at the end of a
/// strobe's first cycle, already when the strobe begins: after the 32-unit injection, whose two
/// firings share a cycle, 0.055 LSB, and after SHARE even in the most sensitive range.
#[test]
fn default_phases_settle() {
    let Config { geometry, timing, analog, .. } = shipped("capram65");
    let period_ps = timing.period_s() * 1e12;
    let whole = (-period_ps / analog.settling.tau_share_ps).exp();
    let half = whole.sqrt();
    let limit = analog.rules.settled_within_lsb;
    let injected = 16.0 * (1.0 + half) * half;
    assert!((injected - 0.055).abs() < 1e-3, "{injected}");
    let begun = injected.max(geometry.mac_rows as f64 * 8.0 * whole);
    assert!(begun < limit && begun * whole < limit * 1e-4, "{begun}");
}

#[test]
fn fingerprint_follows_settings_and_not_the_name() {
    let config = shipped("capram65");
    let mut other = config.clone();
    other.name = "copy".into();
    assert_eq!(config.fingerprint(), other.fingerprint());
    assert_eq!(config.fingerprint().len(), 16);
    let mut seen: Vec<String> =
        Config::builtin_names().map(|name| shipped(name).fingerprint()).collect();
    other.analog.v_cm += 1e-12;
    seen.push(other.fingerprint());
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "all differ");
}

/// The schema's table names exactly the fields of the types.
#[test]
fn schema_and_types_agree() {
    fn leaves(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                map.iter().for_each(|(key, v)| leaves(v, &schema::join(path, key), found));
            }
            _ => found.push(path.to_owned()),
        }
    }
    let mut found = Vec::new();
    leaves(&shipped("capram65").settings(), "", &mut found);
    found.retain(|path| path != "name");
    let mut table: Vec<&str> = schema::settings().map(|(key, _)| key).collect();
    found.sort();
    table.sort_unstable();
    assert_eq!(found, table);
}

/// Each row: what is added to capram65, and the whole message.
#[test]
fn a_setting_that_does_not_fit_is_refused_with_its_place() {
    let pulse = "timing:\n  pulses:\n    reset:\n";
    let rows: &[(&str, &str)] = &[
        (
            "analog: { v_loww: 0.5 }",
            "bad.yaml:3:11: unknown key `v_loww` in `analog`; allowed: v_low, v_full_scale, v_cm, ",
        ),
        (
            "analogue: {}",
            "bad.yaml:3:1: unknown key `analogue` at the top level; allowed: schema, base, \
             geometry, timing, analog",
        ),
        (
            "geometry: { mac_rows: 64, mac_rows: 32 }",
            "bad.yaml:3:27: geometry.mac_rows: given twice; allowed: once per file",
        ),
        (
            "geometry: {}\ngeometry: {}",
            "bad.yaml:4:1: geometry: given twice; allowed: once per file",
        ),
        (
            &format!("{pulse}      width: 0"),
            "bad.yaml:6:14: timing.pulses.reset.width: 0 is out of range; allowed: an integer from \
             1 to 15 cycles",
        ),
        (
            &format!("{pulse}      width: 16"),
            "bad.yaml:6:14: timing.pulses.reset.width: 16 is out of range; allowed: an integer \
             from 1 to 15 cycles",
        ),
        (
            &format!("{pulse}      gap: 8"),
            "bad.yaml:6:12: timing.pulses.reset.gap: 8 is out of range; allowed: an integer from 0 \
             to 7 cycles",
        ),
        (
            &format!("{pulse}      gap: 1.5"),
            "bad.yaml:6:12: timing.pulses.reset.gap: 1.5 has the wrong type; allowed: an integer \
             from 0 to 7 cycles",
        ),
        (
            "analog:\n  settling:\n    tau_share_ps: -5",
            "bad.yaml:5:19: analog.settling.tau_share_ps: -5 is out of range; allowed: a number \
             from 0 to 1000000 ps",
        ),
        (
            "analog: { v_cm: .nan }",
            "bad.yaml:3:17: analog.v_cm: NaN is out of range; allowed: a number from 0 to 5 V",
        ),
        (
            "analog: { v_cm: .inf }",
            "bad.yaml:3:17: analog.v_cm: inf is out of range; allowed: a number from 0 to 5 V",
        ),
        (
            "analog: { v_cm: \"0.5\" }",
            "bad.yaml:3:17: analog.v_cm: \"0.5\" has the wrong type; allowed: a number from 0 to 5 V",
        ),
        (
            "analog: { v_cm: }",
            "bad.yaml:3:17: analog.v_cm: nothing has the wrong type; allowed: a number from 0 to 5 V",
        ),
        (
            "analog: { v_cm: [1] }",
            "bad.yaml:3:17: analog.v_cm: a list has the wrong type; allowed: a number from 0 to 5 V",
        ),
        (
            "analog: { v_cm: { on: true } }",
            "bad.yaml:3:17: analog.v_cm: a mapping has the wrong type; allowed: a number from 0 to \
             5 V",
        ),
        (
            "analog: { leakage: off }",
            "bad.yaml:3:20: analog.leakage: \"off\" has the wrong type; allowed: a mapping with the \
             keys on, mac_node_pa, bit_line_pa",
        ),
        (
            "analog: { leakage: { on: yes } }",
            "bad.yaml:3:26: analog.leakage.on: \"yes\" has the wrong type; allowed: true or false",
        ),
        (
            "analog: { conditions: { temperature_c: 126 } }",
            "bad.yaml:3:40: analog.conditions.temperature_c: 126 is out of range; allowed: a \
             number from -40 to 125 degrees C",
        ),
        (
            "analog: { conditions: { supply_v: 0.9 } }",
            "bad.yaml:3:35: analog.conditions.supply_v: 0.9 is out of range; allowed: a number \
             from 1 to 1.3 V",
        ),
        (
            "analog: { conditions: { corner: st } }",
            "bad.yaml:3:33: analog.conditions.corner: \"st\" does not fit; allowed: tt, ss, ff, \
             sf, fs",
        ),
        (
            "analog: { metastability: { tau_ps: .nan } }",
            "bad.yaml:3:36: analog.metastability.tau_ps: NaN is out of range; allowed: a number \
             from 0 to 1000000 ps",
        ),
        ("energy: { clock_fj: -1 }", "bad.yaml:3:21: energy.clock_fj: -1 is out of range; "),
        (
            "analog: { v_full_scale: 0 }",
            "bad.yaml:3:25: analog.v_full_scale: 0 is out of range; allowed: a number from 0.01 to \
             5 V",
        ),
        (
            "analog: { cell_mismatch: { sigma_percent: 20.5 } }",
            "bad.yaml:3:43: analog.cell_mismatch.sigma_percent: 20.5 is out of range; allowed: a \
             number from 0 to 20 %",
        ),
        ("geometry: { columns: 340282366920938463463374607431768211455 }", "geometry.columns: "),
        (
            "geometry: { mac_rows: 68 }",
            "bad.yaml:3:23: geometry.mac_rows: 68 is out of range; allowed: an integer from 8 to \
             64 rows, a multiple of 8",
        ),
    ];
    for (text, wanted) in rows {
        let message = refused(&on_base(text));
        assert!(message.contains(wanted), "{text}\n  gave   {message}\n  wanted {wanted}");
        assert!(!message.contains('\n'), "one line: {message}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let rows = [
        (
            "geometry: { mac_rows: 20 }",
            "bad.yaml: geometry.mac_rows: 20 is not a multiple of 8; allowed: 8, 16, ... 64",
        ),
        (
            "geometry: { columns_per_slice: 3 }",
            "bad.yaml: geometry.columns_per_slice: 3 is not supported; allowed: 1, 2 or 4",
        ),
        (
            "geometry: { columns: 30 }",
            "bad.yaml: geometry.columns: 30 columns do not divide into slices of 4; allowed: a \
             multiple of geometry.columns_per_slice",
        ),
        (
            "geometry: { post_lanes: 8 }",
            "bad.yaml: geometry.post_lanes: 8 lanes do not serve 32 slices; allowed: 1, or a power \
             of two that divides the slices and leaves each lane at least 8",
        ),
        (
            "geometry: { columns: 64, post_lanes: 3 }",
            "bad.yaml: geometry.post_lanes: 3 lanes do not serve 16 slices; ",
        ),
        (
            "geometry: { columns: 96 }",
            "bad.yaml: geometry.columns: 96 columns make 24 slices of 4; allowed: a power of two of \
             slices, at least 4",
        ),
        (
            "geometry: { columns: 8 }",
            "bad.yaml: geometry.columns: 8 columns make 2 slices of 4; allowed: a power of two of \
             slices, at least 4",
        ),
        // the lanes come from the base: it is the one to blame
        (
            "geometry: { columns: 32 }",
            "capram65.yaml: geometry.post_lanes: 2 lanes do not serve 8 ",
        ),
        (
            "analog: { v_low: 4.5 }",
            "bad.yaml: analog.v_low: 4.5 V and analog.v_full_scale: 0.6 V make 5.1 V; allowed: at \
             most the supply of 1.2 V together",
        ),
        (
            "analog: { process: { threshold_p_v: 1.16 } }",
            "bad.yaml: analog.process.threshold_p_v: a threshold of 1.160 V leaves no overdrive at \
             a supply of 1.2 V; allowed: at least 0.05 V less than the supply, in every corner used",
        ),
        // fine at 1.2 V and typical, not in the corner asked for
        (
            "analog: { process: { threshold_n_v: 0.95 }, conditions: { corner: ss, supply_v: 1 } }",
            "bad.yaml: analog.process.threshold_n_v: a threshold of 0.990 V leaves no overdrive at \
             a supply of 1 V; ",
        ),
        (
            "analog: { v_cm: 1.2 }",
            "bad.yaml: analog.v_cm: 1.2 V is above every voltage of the array; allowed: at most \
             v_low + v_full_scale = 1.1 V",
        ),
        (
            "analog: { bit_line_parasitic: { per_row: 0, fixed_ff: 0 } }",
            "bad.yaml: analog.bit_line_parasitic: per_row 0 and fixed_ff 0 leave a bit line \
             without capacitance; allowed: at least one above 0",
        ),
        (
            "analog: { unit_capacitor_ff: 0.05, capacitor_mismatch: { on: false }, \
             bit_line_parasitic: { per_row: 0, fixed_ff: 6200 } }",
            "bad.yaml: analog.bit_line_parasitic: 6200 fF in all is 124000 of a unit capacitor of \
             0.05 fF; allowed: 1/8192 to 122070 of it",
        ),
        (
            "analog: { bit_line_parasitic: { per_row: 0, fixed_ff: 0.0001 } }",
            "bad.yaml: analog.bit_line_parasitic: 0.0001 fF in all is 0.00006666666666666667 of a \
             unit capacitor of 1.5 fF; allowed: 1/8192 to 122070 of it",
        ),
        (
            "analog: { v_full_scale: 0.01, bit_line_parasitic: { fixed_ff: 1000 } }",
            "bad.yaml: analog.v_full_scale: 0.01 V and capacitors of 1.5 fF on bit lines of \
             1124.800 fF make an LSB of 1.667 uV at r = 1/8; allowed: at least 10 uV",
        ),
        (
            "analog: { unit_capacitor_ff: 0.04, capacitor_mismatch: { sigma_percent_sqrt_ff: 10 } }",
            "bad.yaml: analog.capacitor_mismatch.sigma_percent_sqrt_ff: 10 % at 1 fF is 50.0 % of \
             a capacitor of 0.04 fF; allowed: at most 20 % per unit capacitor",
        ),
        (
            "analog: { settling: { tau_reset_ps: 0 } }",
            "bad.yaml: analog.settling.tau_reset_ps: 0 ps cannot be a time constant while \
             the term is on; allowed: above 0 ps, or `on: false`",
        ),
    ];
    for (text, wanted) in rows {
        let message = refused(&on_base(text));
        assert!(message.starts_with(wanted), "{text}\n  gave   {message}\n  wanted {wanted}");
    }
}

#[test]
fn a_time_constant_may_be_zero_when_settling_is_off() {
    let text = on_base("analog: { settling: { on: false, tau_reset_ps: 0 } }");
    assert_eq!(load(&text).unwrap().analog.settling.tau_reset_ps, 0.0);
}

#[test]
fn files_that_are_no_configuration_are_refused() {
    let schema = "allowed: `capram.config/1`";
    let rows = [
        ("", "bad.yaml:1:1: not a configuration"),
        ("base: capram65.yaml", &format!("bad.yaml: schema: missing; {schema}")),
        (
            "schema: capram.config/2",
            &format!("bad.yaml:1:9: schema: \"capram.config/2\" does not fit; {schema}"),
        ),
        ("schema: capram.config/1", "bad.yaml: geometry.mac_rows: missing; allowed: an integer "),
        ("[1, 2]", "bad.yaml:1:1: top level: a list has the wrong type; allowed: a mapping with "),
        (
            "schema: \"",
            "bad.yaml:1:10: not a configuration: found unexpected end of stream, while scanning ",
        ),
        (&on_base("analog: !x 1"), "bad.yaml:3:9: not a configuration: "),
        (&on_base("---\nanalog: {}"), "bad.yaml: not a configuration: "),
        (&on_base("? { a: b }\n: 1"), "bad.yaml:3:3: not a configuration: "),
        (
            "schema: capram.config/1\nbase: bad.yaml",
            "bad.yaml: base: `bad.yaml` leads back to bad.yaml; allowed: a chain of bases that ends",
        ),
        ("schema: capram.config/1\nbase: none.yaml", "none.yaml: cannot be read: No such file"),
        ("schema: capram.config/1\nbase: 7", "bad.yaml:2:7: base: 7 has the wrong type; allowed: "),
    ];
    for (text, wanted) in rows {
        let message = refused(text);
        assert!(message.starts_with(wanted), "{text}\n  gave   {message}\n  wanted {wanted}");
        assert!(!message.contains('\n'), "one line: {message}");
    }
}

/// A name that is not built in says which are.
#[test]
fn an_unknown_builtin_names_the_known_ones() {
    let message = Config::builtin("capram28").unwrap_err().to_string();
    assert_eq!(
        message,
        "no configuration named `capram28` is built in; allowed: capram65, ideal, nominal, small, \
         slice2, slice1, onelane, ss, ff, sf, fs, leaky, fpga"
    );
}

/// A setting changed in code is checked as one from a file.
#[test]
fn validate_checks_what_code_changed() {
    let mut config = shipped("capram65");
    config.validate().unwrap();
    config.timing.pulses.share.width = 0;
    let message = config.validate().unwrap_err().to_string();
    assert_eq!(
        message,
        "timing.pulses.share.width: 0 is out of range; allowed: an integer from 1 to 15 cycles"
    );
    let wide = Geometry { columns: 256, ..shipped("capram65").geometry };
    let message = wide.validate().unwrap_err().to_string();
    assert_eq!(
        message,
        "geometry.columns: 256 columns make 8 host words per row; allowed: 1, 2 or 4"
    );
    config = shipped("capram65");
    config.analog.v_cm = f64::NAN;
    assert!(config.validate().unwrap_err().to_string().starts_with("analog.v_cm: NaN is out of "));
}

/// 32 slices in one lane keep LATCH waiting for 32 - 18 cycles, or for 32 - 20 after longer pulses;
/// 16 a lane are through before a step ends.
#[test]
fn latch_waits_for_a_slow_post_processor() {
    let Config { geometry, timing, .. } = shipped("onelane");
    let waits = |pulses: &Pulses, post_lanes| {
        let geometry = Geometry { post_lanes, ..geometry };
        (pulses.stretch(&geometry), pulses.streamed_step_cycles(&geometry))
    };
    assert_eq!(waits(&timing.pulses, 1), (14, 32));
    assert_eq!(waits(&timing.pulses, 2), (0, 18));
    let longer = Pulses { sample: Pulse { width: 2, gap: 1 }, ..timing.pulses };
    assert_eq!((waits(&longer, 1), waits(&longer, 2)), ((12, 32), (0, 20)));
}

proptest! {
    /// No text makes the parser panic.
    #[test]
    fn any_text_is_accepted_or_refused(text in "\\PC*") {
        let _ = parse::parse(&text, "any.yaml".as_ref());
    }

    /// Nor does text that looks like a configuration.
    #[test]
    fn damaged_configurations_are_accepted_or_refused(
        at in 0_usize..4000, cut in 0_usize..40, piece in "[ -~\n]{0,12}",
    ) {
        let text = include_str!("../../configs/capram65.yaml");
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        let damaged = format!("{}{piece}{}", &text[..at], &text[end..]);
        let _ = parse::parse(&damaged, "any.yaml".as_ref());
    }

    /// Any number in any setting is accepted or refused, up to the complete configuration.
    #[test]
    fn any_number_is_accepted_or_refused(row in 0_usize..100, value in any::<f64>()) {
        let paths: Vec<&str> = schema::settings().map(|(key, _)| key).collect();
        let path = paths[row % paths.len()];
        let nested = |inner, key| format!("{{ {key}: {inner} }}");
        let text = path.rsplit('.').fold(format!("{value:?}"), nested);
        // the outermost braces would make a second document of it
        let text = text.trim_start_matches("{ ").strip_suffix(" }").unwrap_or_default();
        let _ = load(&on_base(text));
    }
}
