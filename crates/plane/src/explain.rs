//! Why an answer is what it is: the stages of a query tell a recorder what they found.

/// Takes the steps of an explanation. The packet path uses [`Silent`], which costs nothing.
pub trait Recorder {
    /// Notes what a stage found; `text` is made only when somebody listens.
    fn step(&mut self, stage: &'static str, text: impl FnOnce() -> String);
}

/// Nobody listens.
pub struct Silent;

impl Recorder for Silent {
    #[inline(always)]
    fn step(&mut self, _: &'static str, _: impl FnOnce() -> String) {}
}

/// Collects the steps.
#[derive(Default)]
pub struct Steps(pub Vec<(&'static str, String)>);

impl Recorder for Steps {
    fn step(&mut self, stage: &'static str, text: impl FnOnce() -> String) {
        self.0.push((stage, text()));
    }
}
