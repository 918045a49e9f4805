//! Networks that the program brings along.

use super::{Network, NetworkError};

/// Name, description and tensors.
const BUILTIN: &[(&str, &str, &[u8])] = &[
    (
        "digits",
        include_str!("../../networks/digits.yaml"),
        include_bytes!("../../networks/digits.safetensors"),
    ),
    (
        "lenet5-mnist",
        include_str!("../../networks/lenet5-mnist.yaml"),
        include_bytes!("../../networks/lenet5-mnist.safetensors"),
    ),
];

impl Network {
    /// The built-in network of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn builtin(name: &str) -> Result<Self, NetworkError> {
        match BUILTIN.iter().find(|(known, ..)| *known == name) {
            Some((name, yaml, tensors)) => Self::parse(yaml, tensors, name),
            None => Err(NetworkError::Unknown {
                name: name.into(),
                known: BUILTIN.iter().map(|(known, ..)| *known).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}
