use super::fixture::lenet;
use crate::config::Config;
use crate::mapping::Mapping;
use crate::report::map::{MapReport, floor_plan};
#[test]
fn draw() {
    for (c, n) in [("capram65", "a")] {
        let config = Config::builtin(c).unwrap();
        let network = lenet(192);
        let mapping = Mapping::new(&network, &config.geometry).unwrap();
        let report = MapReport::new(&network, &config, &mapping);
        std::fs::write(format!("/tmp/fp_{n}.svg"), floor_plan::svg(&network, &report)).unwrap();
        println!("{report}");
    }
}
