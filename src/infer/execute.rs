//! One image on any machine: layer by layer, burst by burst. `docs/networks.md`, section 4.

use super::slots::MAX_ROWS;
use super::{Counts, Machine};
use crate::mapping::{Burst, LayerStage, Program, Read, Stage};
use crate::network::{LayerKind, Network, Output, Source, Tensor, add_biases};

/// Most outputs of any geometry.
const MAX_OUTPUTS: usize = 128;

/// What a network made of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageResult {
    /// Number of the largest output, the first of equal ones.
    pub prediction: usize,
    /// What the last layer gave: sums in sixteenths of a unit with their biases, or activations.
    pub outputs: Vec<i32>,
    /// What the macro counted, per layer of the network; zeros for those of the host.
    pub counts: Vec<Counts>,
}

/// The host's side of inference, with room for everything between the layers.
#[derive(Clone, Debug)]
pub struct Executor<'a> {
    network: &'a Network,
    program: &'a Program,
    /// Activations of the image.
    image: Vec<u8>,
    /// What each layer gave.
    tensors: Vec<Tensor>,
    /// What the macro's layer takes, and a 0 behind it: rows that get none are charged to that.
    inputs: Vec<u8>,
}

impl<'a> Executor<'a> {
    /// An executor of a network's program.
    pub fn new(network: &'a Network, program: &'a Program) -> Self {
        let image = vec![0; network.input.shape.elements()];
        Self { network, program, image, tensors: network.tensors(), inputs: vec![] }
    }

    /// Runs an image of `[channel][row][column]` pixels. The conversion index of its first step is
    /// `image_index` times the steps of an image. The macro is idle before and after.
    ///
    /// # Panics
    /// If there are more or fewer pixels than the network takes.
    pub fn run<M: Machine>(
        &mut self,
        machine: &mut M,
        image_index: u64,
        pixels: &[u8],
    ) -> Result<ImageResult, M::Error> {
        self.network.scale(pixels, &mut self.image);
        // Outputs that are not read are 0: nothing of the image before may stay there.
        self.tensors.iter_mut().for_each(clear);
        machine.number_conversions(image_index * self.program.conversion_steps)?;
        let mut counts = vec![Counts::default(); self.network.layers.len()];
        let mut before = machine.counts()?;
        let program = self.program;
        for stage in &program.stages {
            match stage {
                Stage::Host(layer) => {
                    self.network.compute(*layer, &self.image, &mut self.tensors);
                }
                Stage::Macro(stage) => {
                    self.layer(machine, stage)?;
                    let after = machine.counts()?;
                    counts[stage.layer] += after - before;
                    before = after;
                }
            }
        }
        let prediction = self.tensors.last().map_or(0, Tensor::argmax);
        let outputs = match self.tensors.last() {
            Some(Tensor::Sums(sums)) => sums.clone(),
            Some(Tensor::Activations(values)) => values.iter().map(|&q| q.into()).collect(),
            None => vec![],
        };
        Ok(ImageResult { prediction, outputs, counts })
    }

    /// The bursts of a layer: while one runs the host reads the results of the one before and
    /// writes the vectors of the next.
    fn layer<M: Machine>(&mut self, machine: &mut M, stage: &LayerStage) -> Result<(), M::Error> {
        if let Some(layer) = stage.requantize {
            machine.set_requantize(layer)?;
        }
        for table in &stage.tables {
            machine.set_output(table.bank, table.output, table.multiplier, table.bias)?;
        }
        self.take_inputs(stage.layer);
        if let Some(first) = stage.bursts.first() {
            self.activate(machine, first)?;
        }
        for (i, burst) in stage.bursts.iter().enumerate() {
            burst.operations.iter().try_for_each(|operation| machine.operate(operation))?;
            if let Some(next) = stage.bursts.get(i + 1) {
                self.activate(machine, next)?;
            }
            // A burst that another one adds to has nothing to read; one that has lies in the other
            // bank than the burst that runs.
            if let Some(read) = i.checked_sub(1).and_then(|last| stage.bursts[last].read.as_ref()) {
                self.read(machine, stage, read)?;
            }
            machine.wait_idle()?;
        }
        if let Some(read) = stage.bursts.last().and_then(|burst| burst.read.as_ref()) {
            self.read(machine, stage, read)?;
        }
        self.add_biases(stage.layer);
        Ok(())
    }

    /// Puts the inputs of a layer where its vectors are taken from.
    fn take_inputs(&mut self, layer: usize) {
        let inputs = match self.network.layers[layer].from[0] {
            Source::Image => &self.image,
            Source::Layer(earlier) => match &self.tensors[earlier] {
                Tensor::Activations(activations) => activations,
                Tensor::Sums(_) => unreachable!("a checked network: layers take activations"),
            },
        };
        self.inputs.clear();
        self.inputs.extend_from_slice(inputs);
        self.inputs.push(0);
    }

    /// Writes a burst's activation vectors.
    fn activate<M: Machine>(&self, machine: &mut M, burst: &Burst) -> Result<(), M::Error> {
        let inputs = self.inputs.as_slice();
        let last = inputs.len().checked_sub(1).expect("the 0 at the end");
        let mut values = [0; MAX_ROWS];
        for vector in &burst.vectors {
            for (value, &source) in values.iter_mut().zip(&vector.sources) {
                // UNUSED is beyond every tensor: such a row gets the 0 at the end. No branch.
                *value = inputs[last.min(source as usize)];
            }
            machine.activate(vector.slot, &values[..vector.sources.len()], vector.bits)?;
        }
        Ok(())
    }

    /// Reads what a burst gave and puts it where it belongs.
    fn read<M: Machine>(
        &mut self,
        machine: &mut M,
        stage: &LayerStage,
        read: &Read,
    ) -> Result<(), M::Error> {
        let first = usize::from(read.first);
        let count = read.targets.len();
        match &mut self.tensors[stage.layer] {
            Tensor::Activations(into) => {
                let mut results = [0; MAX_OUTPUTS];
                machine.results(read.bank, first..first + count, &mut results[..count])?;
                scatter(&read.targets, &results, into);
            }
            Tensor::Sums(into) => {
                let mut sums = [0; MAX_OUTPUTS];
                machine.sums(read.bank, first..first + count, &mut sums[..count])?;
                scatter(&read.targets, &sums, into);
            }
        }
        Ok(())
    }

    /// Sums that the host reads get their biases from it.
    fn add_biases(&mut self, layer: usize) {
        let network = self.network;
        let LayerKind::Matrix(matrix) = &network.layers[layer].kind else { return };
        if let (Output::Sums { biases: Some(biases) }, Tensor::Sums(sums)) =
            (&matrix.output, &mut self.tensors[layer])
        {
            add_biases(network.layers[layer].shape, biases, sums);
        }
    }
}

fn clear(tensor: &mut Tensor) {
    match tensor {
        Tensor::Activations(values) => values.fill(0),
        Tensor::Sums(values) => values.fill(0),
    }
}

/// Puts every value at its target.
fn scatter<T: Copy>(targets: &[u32], values: &[T], into: &mut [T]) {
    for (&target, &value) in targets.iter().zip(values) {
        // UNUSED is beyond every tensor.
        if let Some(element) = into.get_mut(target as usize) {
            *element = value;
        }
    }
}
