//! JSON schema → fields. Reads what schemars 1 writes: `$ref` into `$defs`, `oneOf` of `const`, nullable types.

use serde_json::{Map, Value};

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// Name in the schema.
    pub name: String,
    /// Its description, on one line.
    pub help: String,
    /// What values it takes.
    pub kind: Kind,
    /// Whether `null` is a value.
    pub nullable: bool,
    /// Whether the object is not valid without it.
    pub required: bool,
    /// Its default, if the schema states one.
    pub default: Option<Value>,
    /// Smallest and largest value, where the schema states them.
    pub range: (Option<f64>, Option<f64>),
    /// `x-cli`: what one value looks like, e.g. `x,y,width,height`.
    pub shape: Option<String>,
    /// `x-file`: the value may be given as the path of a file of this type.
    pub file: Option<String>,
}

/// What values a field takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Any text.
    Text,
    /// One of these names.
    Choice(Vec<Choice>),
    /// Any number of these.
    List(Box<Kind>),
    /// Numbers by these names; may be typed as `1,2,3` in this order.
    Record(Vec<String>),
    /// Anything else: JSON, or text where the text is no JSON.
    Json,
}

/// One kind of object in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variant {
    /// The property that tells it apart.
    pub tag: String,
    /// The constant value of that property.
    pub name: String,
    /// What it does.
    pub help: String,
    /// Its other properties.
    pub fields: Vec<Field>,
}

/// One named value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The value.
    pub name: String,
    /// What it means; may be empty.
    pub help: String,
}

/// The properties of an object schema, in its order.
pub(crate) fn fields(schema: &Value) -> Vec<Field> {
    fields_of(schema, schema)
}

fn fields_of(object: &Value, root: &Value) -> Vec<Field> {
    let Some(properties) = object.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let required = object.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
    let fields =
        properties.iter().map(|(name, property)| Field { required: is_required(name), ..field(name, property, root) });
    fields.collect()
}

/// What the elements of a list may be, where they are objects told apart by one constant property.
pub(crate) fn variants(schema: &Value, list: &str) -> Vec<Variant> {
    let items = schema.get("properties").and_then(|p| p.get(list)).and_then(|p| p.get("items"));
    let items = items.map_or(Value::Null, |items| followed(items, schema));
    let parts = items.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    parts.iter().filter_map(|part| variant(&followed(part, schema), schema)).collect()
}

fn variant(part: &Value, root: &Value) -> Option<Variant> {
    let is_tag = |property: &Value| property.get("const").and_then(Value::as_str).map(str::to_owned);
    let (tag, name) =
        part.get("properties")?.as_object()?.iter().find_map(|(key, p)| Some((key.clone(), is_tag(p)?)))?;
    let help = one_line(part.get("description").and_then(Value::as_str).unwrap_or_default());
    let fields = fields_of(part, root).into_iter().filter(|field| field.name != tag).collect();
    Some(Variant { tag, name, help, fields })
}

fn field(name: &str, property: &Value, root: &Value) -> Field {
    let (inner, nullable) = without_null(property, root);
    let text = |key: &str| attribute(property, &inner, key).and_then(Value::as_str).map(str::to_owned);
    let bound = |key: &str| attribute(property, &inner, key).and_then(Value::as_f64);
    Field {
        name: name.to_owned(),
        help: one_line(&text("description").unwrap_or_default()),
        kind: kind(&inner, root),
        nullable,
        required: false,
        default: property.get("default").cloned(),
        range: (bound("minimum"), bound("maximum")),
        shape: text("x-cli"),
        file: text("x-file"),
    }
}

/// What stands beside the reference wins over what stands in the definition.
fn attribute<'a>(property: &'a Value, inner: &'a Value, key: &str) -> Option<&'a Value> {
    property.get(key).or_else(|| inner.get(key))
}

/// The schema with references followed and the `null` alternative taken out.
fn without_null(schema: &Value, root: &Value) -> (Value, bool) {
    let schema = followed(schema, root);
    if let Some(types) = schema.get("type").and_then(Value::as_array) {
        let rest: Vec<_> = types.iter().filter(|t| *t != "null").cloned().collect();
        let nullable = rest.len() < types.len();
        let mut inner = schema.as_object().cloned().unwrap_or_else(Map::new);
        inner.insert("type".into(), if rest.len() == 1 { rest[0].clone() } else { Value::Array(rest) });
        return (Value::Object(inner), nullable);
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let rest: Vec<_> = any.iter().filter(|s| s.get("type") != Some(&Value::from("null"))).collect();
        if let ([one], true) = (rest.as_slice(), rest.len() < any.len()) {
            return (followed(one, root), true);
        }
        return (schema.clone(), rest.len() < any.len());
    }
    (schema, false)
}

fn followed(schema: &Value, root: &Value) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).map_or_else(|| schema.clone(), |found| followed(found, root))
}

fn kind(schema: &Value, root: &Value) -> Kind {
    if let Some(choices) = choices(schema, root) {
        return Kind::Choice(choices);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => Kind::Switch,
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("string") => Kind::Text,
        Some("array") => {
            let items = schema.get("items").map_or(Value::Null, |items| followed(items, root));
            if schema.get("maxItems").is_some() { Kind::Json } else { Kind::List(Box::new(kind(&items, root))) }
        }
        Some("object") => record(schema, root).unwrap_or(Kind::Json),
        _ => Kind::Json,
    }
}

/// The names of an enum without data: `enum`, `const`, or a `oneOf` made of these.
fn choices(schema: &Value, root: &Value) -> Option<Vec<Choice>> {
    let help = one_line(schema.get("description").and_then(Value::as_str).unwrap_or_default());
    if let Some(name) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![Choice { name: name.to_owned(), help }]);
    }
    if let Some(names) = schema.get("enum").and_then(Value::as_array) {
        let choice = |name: &Value| Some(Choice { name: name.as_str()?.to_owned(), help: String::new() });
        return names.iter().map(choice).collect();
    }
    let parts = schema.get("oneOf").and_then(Value::as_array)?;
    let nested: Option<Vec<_>> = parts.iter().map(|part| choices(&followed(part, root), root)).collect();
    nested.map(|lists| lists.into_iter().flatten().collect())
}

/// An object whose properties are all numbers.
fn record(schema: &Value, root: &Value) -> Option<Kind> {
    let properties = schema.get("properties")?.as_object()?;
    let numbers = properties.values().all(|p| matches!(kind(&followed(p, root), root), Kind::Integer | Kind::Number));
    (numbers && !properties.is_empty()).then(|| Kind::Record(properties.keys().cloned().collect()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tagged_elements_of_a_list_become_variants() {
        let schema = json!({
            "properties": {"edits": {"type": "array", "items": {"$ref": "#/$defs/Edit"}}},
            "$defs": {"Edit": {"oneOf": [
                {"description": "Softer.", "properties": {"edit": {"const": "blur"}, "sigma": {"type": "number"}},
                 "required": ["edit", "sigma"]},
                {"properties": {"edit": {"const": "flip"}}}
            ]}}
        });
        let found = variants(&schema, "edits");
        assert_eq!(found.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["blur", "flip"]);
        assert_eq!((found[0].tag.as_str(), found[0].help.as_str()), ("edit", "Softer."));
        assert_eq!(
            found[0].fields.iter().map(|f| (f.name.as_str(), f.required)).collect::<Vec<_>>(),
            [("sigma", true)]
        );
        assert_eq!(variants(&json!({"properties": {}}), "edits"), []);
    }

    #[test]
    fn what_schemars_writes_becomes_fields() {
        let schema = json!({
            "properties": {
                "seed": {"description": "Drawn\n if absent.", "type": ["integer", "null"], "minimum": 0, "default": null},
                "engine": {"description": "Who fills.", "$ref": "#/$defs/Engine", "default": "auto"},
                "anchor": {"anyOf": [{"$ref": "#/$defs/Engine"}, {"type": "null"}]},
                "strength": {"type": "number", "minimum": 0.0, "maximum": 1.0},
                "rects": {"type": "array", "items": {"$ref": "#/$defs/Rect"}, "x-cli": "x,y"},
                "left": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "edits": {"type": "array", "items": {"type": "object"}, "x-file": "json"}
            },
            "$defs": {
                "Engine": {"oneOf": [{"const": "auto", "description": "Chooses."}, {"enum": ["patch", "telea"]}]},
                "Rect": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "number"}}}
            }
        });
        let found = fields(&schema);
        let names: Vec<_> = found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["seed", "engine", "anchor", "strength", "rects", "left", "edits"]);
        assert_eq!((found[0].help.as_str(), found[0].nullable), ("Drawn if absent.", true));
        assert_eq!((&found[0].kind, found[0].range), (&Kind::Integer, (Some(0.0), None)));
        let Kind::Choice(choices) = &found[1].kind else { panic!("{:?}", found[1].kind) };
        assert_eq!(choices.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["auto", "patch", "telea"]);
        assert_eq!((choices[0].help.as_str(), &found[1].default), ("Chooses.", &Some(json!("auto"))));
        assert!(found[2].nullable && matches!(found[2].kind, Kind::Choice(_)));
        assert_eq!(found[3].range, (Some(0.0), Some(1.0)));
        assert_eq!(found[4].kind, Kind::List(Box::new(Kind::Record(vec!["x".into(), "y".into()]))));
        assert_eq!((&found[5].kind, found[5].nullable), (&Kind::Json, false));
        assert_eq!(found[6].file.as_deref(), Some("json"));
    }
}
