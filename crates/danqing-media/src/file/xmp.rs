//! danqing's recipe inside an XMP packet.
//!
//! XMP specification part 1 (ISO 16684-1): the recipe is one text property in an `rdf:Description` of its own.

const NAMESPACE: &str = "urn:danqing:recipe:1.0";
const OPEN: &str = "<danqing:Recipe>";
const CLOSE: &str = "</danqing:Recipe>";
const START: &str = "<rdf:Description rdf:about=\"\" xmlns:danqing=\"urn:danqing:recipe:1.0\">";
const END: &str = "</rdf:Description>";

/// A packet that holds `recipe` besides what `packet` holds. A packet without an `rdf:RDF` element is replaced.
pub(super) fn with_recipe(packet: Option<&str>, recipe: &str) -> String {
    let ours = format!(
        "{START}{OPEN}{}{CLOSE}{END}\n",
        recipe.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
    );
    if let Some(packet) = packet
        && let Some(end) = packet.rfind("</rdf:RDF>")
    {
        return format!("{}{ours}{}", &packet[..end], &packet[end..]);
    }
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n{ours}</rdf:RDF></x:xmpmeta>\n\
         <?xpacket end=\"w\"?>"
    )
}

/// Whether [`with_recipe`] keeps what the packet holds.
pub(super) fn can_hold_recipe(packet: &str) -> bool {
    packet.contains("</rdf:RDF>")
}

/// The recipe in a packet, written as element (ours) or as attribute (as other writers may store it again).
pub(super) fn recipe(packet: &str) -> Option<String> {
    let name = property(packet)?;
    let element = format!("<{name}>");
    if let Some(start) = packet.find(&element) {
        let rest = &packet[start + element.len()..];
        return Some(unescaped(&rest[..rest.find(&format!("</{name}>"))?]));
    }
    let start = packet.find(&format!("{name}="))? + name.len() + 1;
    let quote = packet[start..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let rest = &packet[start + 1..];
    Some(unescaped(&rest[..rest.find(quote)?]))
}

/// The packet as it was before [`with_recipe`]; none if nothing else is in it.
pub(super) fn without_recipe(packet: &str) -> Option<String> {
    let Some(start) = packet.find(&format!("{START}{OPEN}")) else { return Some(packet.to_owned()) };
    let Some(length) = packet[start..].find(&format!("{CLOSE}{END}")) else { return Some(packet.to_owned()) };
    let end = start + length + CLOSE.len() + END.len();
    let rest = packet[end..].strip_prefix('\n').unwrap_or(&packet[end..]);
    let kept = format!("{}{rest}", &packet[..start]);
    (kept.contains("Description")).then_some(kept)
}

/// Qualified name of the recipe property, by the prefix that is bound to our namespace.
fn property(packet: &str) -> Option<String> {
    let bound = packet.find(&format!("=\"{NAMESPACE}\"")).or_else(|| packet.find(&format!("='{NAMESPACE}'")))?;
    let prefix = packet[..bound].rsplit("xmlns:").next().filter(|p| p.chars().all(char::is_alphanumeric))?;
    Some(format!("{prefix}:Recipe"))
}

fn unescaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        made.push_str(&rest[..at]);
        let name = rest[at + 1..].find(';').map(|end| &rest[at + 1..at + 1 + end]);
        let Some((name, character)) = name.and_then(|name| Some((name, character(name)?))) else {
            made.push('&');
            rest = &rest[at + 1..];
            continue;
        };
        made.push(character);
        rest = &rest[at + name.len() + 2..];
    }
    made + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = r#"{"text":"a <b> & \"江雪\" 🎨 &amp; ]]>","n":1}"#;

    #[test]
    fn recipe_comes_back_from_a_new_packet() {
        let packet = with_recipe(None, RECIPE);
        assert_eq!(recipe(&packet).as_deref(), Some(RECIPE));
        assert_eq!(without_recipe(&packet), None);
    }

    #[test]
    fn other_properties_stay() {
        let other = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:format=\"image/jpeg\"/></rdf:RDF></x:xmpmeta>";
        let packet = with_recipe(Some(other), RECIPE);
        assert!(packet.contains("dc:format"));
        assert_eq!(recipe(&packet).as_deref(), Some(RECIPE));
        assert_eq!(without_recipe(&packet).as_deref(), Some(other));
        assert_eq!(recipe(other), None);
        assert_eq!(without_recipe(other).as_deref(), Some(other));
    }

    #[test]
    fn recipe_rewritten_as_attribute_with_another_prefix_is_found() {
        let packet = "<rdf:Description xmlns:ns1='urn:danqing:recipe:1.0' ns1:Recipe='{&quot;a&quot;:&#x31;}'/>";
        assert_eq!(recipe(packet).as_deref(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn broken_packets_give_nothing() {
        let packet = with_recipe(None, RECIPE);
        for end in (0..packet.len()).filter(|&i| packet.is_char_boundary(i)) {
            let _ = (recipe(&packet[..end]), without_recipe(&packet[..end]));
        }
        assert_eq!(unescaped("&;&#xFFFFFFFF;&nope;&amp"), "&;&#xFFFFFFFF;&nope;&amp");
    }
}
