//! Boxes in columns and the ties between them, as SVG.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::http::markup::Safe;

/// The most boxes that a picture shows; more ways than fit are told of in its last line.
const BOXES: usize = 60;
const BOX: (f32, f32) = (188.0, 46.0);
const GAP: (f32, f32) = (52.0, 18.0);
const MARGIN: f32 = 20.0;
/// How many letters fit into a box.
const LETTERS: usize = 24;

const STYLE: &str = "text{font:500 13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1b1c1e}\
.s{font-size:11px;font-weight:400;fill:#5a5c62}.b{fill:#fff;stroke:#c9c8c2;stroke-width:1.2}\
.u{fill:#eef1f6;stroke:#9fb0c8}.r{fill:#f3f0fa;stroke:#b9a8dd}.t{fill:#e4f1ec;stroke:#1d6b57;stroke-width:1.8}\
.n{stroke-dasharray:5 4}.e{fill:none;stroke:#9b9c9f;stroke-width:1.4}\
@media(prefers-color-scheme:dark){text{fill:#ececea}.s{fill:#a2a4aa}.b{fill:#1e2023;stroke:#474a52}\
.u{fill:#1b222d;stroke:#4f627e}.r{fill:#231d31;stroke:#6a5a94}.t{fill:#17302a;stroke:#63c7a8}.e{stroke:#777a80}}";

/// The class of a place that a tie passes, where there is no box.
const PASSING: &str = "";

/// One box.
struct Node {
    /// How it is drawn.
    class: &'static str,
    name: String,
    /// The small line below the name.
    below: String,
    /// All of it, for whoever points at it.
    whole: String,
    column: usize,
}

/// The boxes by what they stand for, and which lead to which.
#[derive(Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
    order: Vec<String>,
    edges: BTreeMap<(String, String), String>,
}

/// What is said around a picture.
pub(super) struct Frame {
    /// What it shows, for whoever cannot see it.
    pub(super) title: String,
    /// Are the ties dashed, since nobody goes this way yet?
    pub(super) dashed: bool,
    /// The line below it, where not all is drawn.
    pub(super) foot: Option<String>,
}

impl Graph {
    /// Has it room for so many boxes more?
    pub(super) fn has_room(&self, boxes: usize) -> bool {
        self.nodes.len() + boxes <= BOXES
    }

    /// Draws a box, unless there is one for the same.
    pub(super) fn node(&mut self, id: String, class: &'static str, name: &str, below: String, whole: String) {
        if !self.nodes.contains_key(&id) {
            self.order.push(id.clone());
            self.nodes.insert(id, Node { class, name: name.to_owned(), below, whole, column: 0 });
        }
    }

    /// Ties one box to another, with words for whoever points at the tie.
    pub(super) fn tie(&mut self, from: impl Into<String>, to: impl Into<String>, words: impl Into<String>) {
        self.edges.insert((from.into(), to.into()), words.into());
    }

    /// Puts each box into the column behind the last of those that lead to it.
    fn settle(&mut self) {
        // Ways have no circles, so this ends after as many rounds as the longest way has boxes.
        for _ in 0..self.nodes.len() {
            let mut moved = false;
            for (from, to) in self.edges.keys() {
                let needed = self.nodes.get(from).map_or(0, |node| node.column + 1);
                if let Some(node) = self.nodes.get_mut(to).filter(|node| node.column < needed) {
                    node.column = needed;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
    }

    /// Leads ties that pass a column through a place of their own in it, so that none runs behind a box.
    fn route(&mut self) {
        let long: Vec<(String, String)> = self.edges.keys().cloned().collect();
        for (from, to) in long {
            let column = |id: &str| self.nodes.get(id).map_or(0, |node| node.column);
            let (start, end) = (column(&from), column(&to));
            if end <= start + 1 {
                continue;
            }
            let words = self.edges.remove(&(from.clone(), to.clone())).unwrap_or_default();
            let mut before = from.clone();
            for at in start + 1..end {
                let id = format!("{from} {to} {at}");
                self.node(id.clone(), PASSING, "", String::new(), String::new());
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.column = at;
                }
                self.edges.insert((before, id.clone()), String::new());
                before = id;
            }
            self.edges.insert((before, to), words);
        }
    }

    /// The boxes of each column, each near the middle of what leads to it.
    fn columns(&self) -> Vec<Vec<&str>> {
        let count = self.nodes.values().map(|node| node.column + 1).max().unwrap_or(0);
        let mut columns: Vec<Vec<&str>> = vec![Vec::new(); count];
        for id in &self.order {
            if let Some(node) = self.nodes.get(id) {
                columns[node.column].push(id);
            }
        }
        let mut place: BTreeMap<&str, f32> = BTreeMap::new();
        for column in &mut columns {
            let pull = |id: &str| {
                let (mut sum, mut many) = (0.0, 0.0);
                for (from, _) in self.edges.keys().filter(|(_, to)| to == id) {
                    if let Some(at) = place.get(from.as_str()) {
                        sum += at;
                        many += 1.0;
                    }
                }
                if many > 0.0 { sum / many } else { 0.0 }
            };
            column.sort_by(|a, b| pull(a).total_cmp(&pull(b)));
            let middle = column.len() as f32 / 2.0;
            place.extend(column.iter().enumerate().map(|(n, id)| (*id, n as f32 - middle)));
        }
        columns
    }
}

/// A name cut to what fits into a box.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LETTERS) {
        None => text.to_owned(),
        Some(_) => text.chars().take(LETTERS - 1).chain(['…']).collect(),
    }
}

/// The picture of what is in a graph.
pub(super) fn draw(mut graph: Graph, frame: &Frame) -> String {
    graph.settle();
    graph.route();
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = render(&mut out, &graph, frame);
    out
}

fn render(out: &mut String, graph: &Graph, frame: &Frame) -> fmt::Result {
    let columns = graph.columns();
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(1) as f32;
    let height = MARGIN * 2.0 + tallest * (BOX.1 + GAP.1) - GAP.1;
    let width = MARGIN * 2.0 + columns.len() as f32 * (BOX.0 + GAP.0) - GAP.0;
    let mut place: BTreeMap<&str, (f32, f32)> = BTreeMap::new();
    for (n, column) in columns.iter().enumerate() {
        let top = (height - (column.len() as f32 * (BOX.1 + GAP.1) - GAP.1)) / 2.0;
        let x = MARGIN + n as f32 * (BOX.0 + GAP.0);
        place.extend(column.iter().enumerate().map(|(m, id)| (*id, (x, top + m as f32 * (BOX.1 + GAP.1)))));
    }
    let foot = if frame.foot.is_some() { 24.0 } else { 0.0 };
    write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{}\" viewBox=\"0 0 {width} {}\" role=\"img\">\
         <title>{}</title><style>{STYLE}</style>",
        height + foot,
        height + foot,
        Safe(&frame.title)
    )?;
    let dashed = if frame.dashed { " n" } else { "" };
    for ((from, to), words) in &graph.edges {
        let (Some(a), Some(b)) = (place.get(from.as_str()), place.get(to.as_str())) else { continue };
        let (x1, y1, x2, y2) = (a.0 + BOX.0, a.1 + BOX.1 / 2.0, b.0, b.1 + BOX.1 / 2.0);
        let bend = ((x2 - x1) / 2.0).max(24.0);
        write!(
            out,
            "<path class=\"e{dashed}\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"><title>{}</title></path>",
            x1 + bend,
            x2 - bend,
            Safe(words),
        )?;
        if graph.nodes.get(to).is_some_and(|node| node.class == PASSING) {
            write!(out, "<path class=\"e{dashed}\" d=\"M{x2} {y2}h{}\"/>", BOX.0)?;
        } else {
            write!(out, "<path class=\"e\" d=\"M{} {}l6 4-6 4\"/>", x2 - 7.0, y2 - 4.0)?;
        }
    }
    for (id, (x, y)) in &place {
        let Some(node) = graph.nodes.get(*id).filter(|node| node.class != PASSING) else { continue };
        let below = match node.below.as_str() {
            "" => graph
                .edges
                .iter()
                .find(|((_, to), words)| to == id && !words.is_empty())
                .map(|(_, words)| day_only(words)),
            words => Some(words.to_owned()),
        };
        let line = if below.is_some() { 19.0 } else { 27.0 };
        write!(
            out,
            "<g><title>{}</title><rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"9\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            Safe(&node.whole),
            node.class,
            BOX.0,
            BOX.1,
            x + 12.0,
            y + line,
            Safe(&cut(&node.name))
        )?;
        if let Some(below) = below {
            write!(out, "<text class=\"s\" x=\"{}\" y=\"{}\">{}</text>", x + 12.0, y + 36.0, Safe(&below))?;
        }
        out.push_str("</g>");
    }
    if let Some(words) = &frame.foot {
        write!(out, "<text class=\"s\" x=\"{MARGIN}\" y=\"{}\">{}</text>", height + 8.0, Safe(words))?;
    }
    out.push_str("</svg>");
    Ok(())
}

/// What a tie says, short enough to stand in the box it leads to, where it is the only one.
fn day_only(words: &str) -> String {
    words.split(" by ").next().unwrap_or(words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_between_letters() {
        assert_eq!(cut("Engineering"), "Engineering");
        assert_eq!(cut(&"ß".repeat(40)).chars().count(), LETTERS);
    }

    #[test]
    fn columns_follow_the_longest_way() {
        let mut graph = Graph::default();
        for id in ["user", "a", "b", "c"] {
            graph.node(id.into(), "b", id, String::new(), String::new());
        }
        for (from, to) in [("user", "a"), ("a", "b"), ("b", "c"), ("user", "c")] {
            graph.tie(from, to, "");
        }
        graph.settle();
        assert_eq!(graph.columns(), [["user"], ["a"], ["b"], ["c"]]);
    }
}
