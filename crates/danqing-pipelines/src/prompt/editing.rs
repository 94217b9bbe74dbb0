//! Prompts that change on the way: `[from:to:when]`, `[to:when]`, `[from::when]` and `[a|b|c]`. Equal to
//! `get_learned_conditioning_prompt_schedules` of lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/prompt_parser.py` on its
//! examples; where that program's grammar fails and gives up on the whole prompt, only the bracket in question stays text here.

use std::collections::{BTreeSet, HashSet};

/// Brackets nested deeper than this stay text.
const DEPTH: usize = 100;

/// Steps that a prompt is timed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Steps of the run.
    pub steps: usize,
    /// Steps of the second, larger pass, where this prompt is for that: whole numbers then count on from the first pass's
    /// steps, and fractions from 1.0.
    pub second_pass: Option<usize>,
}

impl Timeline {
    /// Of a run of one pass.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { steps, second_pass: None }
    }

    fn length(self) -> usize {
        self.second_pass.unwrap_or(self.steps)
    }

    /// The last step, from 1, at which the old text stands; 0 for never.
    fn when(self, written: &str) -> usize {
        let value: f64 = written.parse().unwrap_or(0.0);
        let first_pass = self.second_pass.map(|_| self.steps as f64);
        let step = if written.contains('.') {
            (value - first_pass.map_or(0.0, |_| 1.0)) * self.length() as f64
        } else {
            value - first_pass.unwrap_or(0.0)
        };
        (step.max(0.0) as usize).min(self.length())
    }
}

/// A text and the last step, counted from 1, that it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Last step.
    pub until: usize,
    /// The prompt until then, without brackets that change it.
    pub text: String,
}

/// The texts of a run, in order; the last one holds until its end.
#[must_use]
pub fn timeline(prompt: &str, timeline: Timeline) -> Vec<Stretch> {
    let nodes = Parser { text: prompt, timeline, failed: HashSet::new() }.whole();
    let mut ends = BTreeSet::from([timeline.length()]);
    collect_ends(&nodes, timeline.length(), &mut ends);
    ends.into_iter().map(|until| Stretch { until, text: text_at(&nodes, until) }).collect()
}

#[derive(Clone)]
enum Node {
    Text(String),
    Edited { before: Vec<Node>, after: Vec<Node>, when: usize },
    Alternating(Vec<Vec<Node>>),
}

fn collect_ends(nodes: &[Node], steps: usize, ends: &mut BTreeSet<usize>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Edited { before, after, when } => {
                ends.extend((*when >= 1).then_some(*when));
                collect_ends(before, steps, ends);
                collect_ends(after, steps, ends);
            }
            Node::Alternating(choices) => {
                ends.extend(1..=steps);
                for choice in choices {
                    collect_ends(choice, steps, ends);
                }
            }
        }
    }
}

fn text_at(nodes: &[Node], step: usize) -> String {
    let texts = nodes.iter().map(|node| match node {
        Node::Text(text) => text.clone(),
        Node::Edited { before, when, .. } if step <= *when => text_at(before, step),
        Node::Edited { after, .. } => text_at(after, step),
        Node::Alternating(choices) => text_at(&choices[step.saturating_sub(1) % choices.len()], step),
    });
    texts.collect()
}

struct Parser<'a> {
    text: &'a str,
    timeline: Timeline,
    /// Where a bracket begins that means nothing.
    failed: HashSet<usize>,
}

/// What was read, and where it ends.
type Read = (Vec<Node>, usize);

impl Parser<'_> {
    fn whole(mut self) -> Vec<Node> {
        let (mut nodes, mut at) = (Vec::new(), 0);
        while at < self.text.len() {
            let (more, end) = self.sequence(at, 0);
            nodes.extend(more);
            at = end;
            // What stopped the sequence is text.
            if let Some(c) = self.text[at..].chars().next() {
                nodes.push(Node::Text(c.to_string()));
                at += c.len_utf8();
            }
        }
        nodes
    }

    /// Text and sound brackets, up to a separator, a closing bracket or one that means nothing.
    fn sequence(&mut self, start: usize, depth: usize) -> Read {
        let (mut nodes, mut at) = (Vec::new(), start);
        while let Some(c) = self.text[at..].chars().next() {
            let group = match c {
                '(' => self.group(at, depth, Self::round),
                '[' => self.group(at, depth, Self::square),
                ')' | ']' | ':' | '|' => None,
                _ => Some(self.plain(at)),
            };
            let Some((more, end)) = group else { break };
            nodes.extend(more);
            at = end;
        }
        (nodes, at)
    }

    fn group(
        &mut self,
        at: usize,
        depth: usize,
        read: impl FnOnce(&mut Self, usize, usize) -> Option<Read>,
    ) -> Option<Read> {
        if depth >= DEPTH || self.failed.contains(&at) {
            return None;
        }
        let found = read(self, at, depth + 1);
        if found.is_none() {
            self.failed.insert(at);
        }
        found
    }

    /// Text up to the next bracket or separator; what a backslash stands before is text too.
    fn plain(&self, start: usize) -> Read {
        let mut end = start;
        let mut chars = self.text[start..].chars();
        while let Some(c) = chars.next().filter(|c| !matches!(c, '(' | ')' | '[' | ']' | ':' | '|')) {
            end += c.len_utf8();
            if c == '\\' {
                end += chars.next().map_or(0, char::len_utf8);
            }
        }
        (vec![Node::Text(self.text[start..end].to_owned())], end)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// `(a)` and `(a:b)`: emphasis, read later; here it keeps its colon from outer brackets.
    fn round(&mut self, start: usize, depth: usize) -> Option<Read> {
        let mut nodes = vec![Node::Text("(".to_owned())];
        let (inner, mut end) = self.sequence(start + 1, depth);
        nodes.extend(inner);
        if self.byte(end) == Some(b':') {
            let (weight, weight_end) = self.sequence(end + 1, depth);
            nodes.push(Node::Text(":".to_owned()));
            nodes.extend(weight);
            end = weight_end;
        }
        nodes.push(Node::Text(")".to_owned()));
        (self.byte(end) == Some(b')')).then_some((nodes, end + 1))
    }

    /// `[a]`, `[a:b:when]` and its short forms, `[a|b]`.
    fn square(&mut self, start: usize, depth: usize) -> Option<Read> {
        let (mut parts, mut separators, mut last) = (Vec::new(), Vec::new(), start + 1);
        let end = loop {
            let (part, end) = self.sequence(last, depth);
            parts.push(part);
            match self.byte(end)? {
                b']' => break end,
                separator @ (b':' | b'|') => separators.push(separator),
                _ => return None,
            }
            last = end + 1;
        };
        let node = match separators.as_slice() {
            [] => {
                let mut nodes = vec![Node::Text("[".to_owned())];
                nodes.extend(parts.into_iter().flatten());
                nodes.push(Node::Text("]".to_owned()));
                return Some((nodes, end + 1));
            }
            [b':'] | [b':', b':'] => {
                let when = self.timeline.when(number(&self.text[last..end])?);
                parts.pop();
                let after = parts.pop()?;
                Node::Edited { before: parts.pop().unwrap_or_default(), after, when }
            }
            separators if separators.iter().all(|separator| *separator == b'|') => Node::Alternating(parts),
            _ => return None,
        };
        Some((vec![node], end + 1))
    }
}

/// A decimal number with blanks around it.
fn number(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    (is_number && text.parse::<f64>().is_ok()).then_some(text)
}
