//! A capability whose types are known only by name, as requests see it.

use schemars::{Schema, schema_for};
use serde_json::Value;

use crate::{Capability, Class, Failure, Inputs, Outputs, Port, Progress};

/// Object-safe view of a [`Capability`]; parameters are JSON.
pub trait AnyCapability<M>: Send + Sync {
    /// See [`Capability::ID`].
    fn id(&self) -> &'static str;
    /// See [`Capability::VERSION`].
    fn version(&self) -> u32;
    /// See [`Capability::SUMMARY`].
    fn summary(&self) -> &'static str;
    /// See [`Capability::CHINESE`].
    fn chinese(&self) -> &'static str;
    /// See [`Capability::INPUTS`].
    fn inputs(&self) -> &'static [Port];
    /// See [`Capability::OUTPUTS`].
    fn outputs(&self) -> &'static [Port];
    /// JSON schema of the parameters.
    fn schema(&self) -> Schema;
    /// The parameters a request starts from.
    fn default_params(&self) -> Value;
    /// See [`Capability::resolve`].
    ///
    /// # Errors
    /// Class [`Class::Caller`] for parameters that do not fit the schema, else what the capability says.
    fn resolve(&self, inputs: &Inputs<M>, params: Value, progress: &mut Progress<'_>) -> Result<Value, Failure>;
    /// See [`Capability::models`].
    ///
    /// # Errors
    /// Class [`Class::Caller`] for parameters that do not fit the schema.
    fn models(&self, params: &Value) -> Result<Vec<&'static str>, Failure>;
    /// See [`Capability::memory_bytes`].
    fn memory_bytes(&self, inputs: &Inputs<M>, params: &Value) -> Option<u64>;
    /// See [`Capability::run`].
    ///
    /// # Errors
    /// What the capability says.
    fn run(&self, inputs: &Inputs<M>, params: &Value, progress: &mut Progress<'_>) -> Result<Outputs<M>, Failure>;
}

impl<C: Capability> AnyCapability<C::Media> for C {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn version(&self) -> u32 {
        C::VERSION
    }

    fn summary(&self) -> &'static str {
        C::SUMMARY
    }

    fn chinese(&self) -> &'static str {
        C::CHINESE
    }

    fn inputs(&self) -> &'static [Port] {
        C::INPUTS
    }

    fn outputs(&self) -> &'static [Port] {
        C::OUTPUTS
    }

    fn schema(&self) -> Schema {
        schema_for!(C::Params)
    }

    fn default_params(&self) -> Value {
        serde_json::to_value(C::Params::default()).unwrap_or(Value::Null)
    }

    fn resolve(&self, inputs: &Inputs<C::Media>, params: Value, progress: &mut Progress<'_>) -> Result<Value, Failure> {
        let meant = Capability::resolve(self, inputs, typed::<C>(&params)?, progress).map_err(Failure::from_error)?;
        serde_json::to_value(meant).map_err(|e| Failure::new(Class::Bug, format!("{}: {e}", C::ID)))
    }

    fn models(&self, params: &Value) -> Result<Vec<&'static str>, Failure> {
        Ok(Capability::models(self, &typed::<C>(params)?))
    }

    fn memory_bytes(&self, inputs: &Inputs<C::Media>, params: &Value) -> Option<u64> {
        Capability::memory_bytes(self, inputs, &typed::<C>(params).ok()?)
    }

    fn run(
        &self,
        inputs: &Inputs<C::Media>,
        params: &Value,
        progress: &mut Progress<'_>,
    ) -> Result<Outputs<C::Media>, Failure> {
        Capability::run(self, inputs, &typed::<C>(params)?, progress).map_err(Failure::from_error)
    }
}

/// Parameters from JSON; the message names the capability and the field.
fn typed<C: Capability>(params: &Value) -> Result<C::Params, Failure> {
    serde_json::from_value(params.clone()).map_err(|e| {
        Failure::new(Class::Caller, format!("{}: {e}", C::ID))
            .with_hint(format!("`danqing {} --help` lists the parameters", C::ID))
    })
}
