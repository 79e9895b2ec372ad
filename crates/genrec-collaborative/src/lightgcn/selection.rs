use super::graph::Graph;

/// The nodes of a batch, each once, and who neighbours them.
#[derive(Debug)]
pub(super) struct Selection {
    nodes: Vec<u32>,
    /// How often each of `nodes` was added.
    counts: Vec<u32>,
    /// For each node of the graph its place in `nodes`, or `NONE`.
    places: Vec<u32>,
    /// Node `n` of the graph neighbours the selected nodes at the places `near[offsets[n]..offsets[n + 1]]`, ascending.
    near: Vec<u32>,
    offsets: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Selection {
    /// No nodes of a graph.
    pub(super) fn new(graph: &Graph) -> Self {
        Self {
            nodes: Vec::new(),
            counts: Vec::new(),
            places: vec![NONE; graph.nodes()],
            near: Vec::new(),
            offsets: vec![0; graph.nodes() + 1],
        }
    }

    /// Starts over with no nodes.
    pub(super) fn clear(&mut self) {
        for &node in &self.nodes {
            self.places[node as usize] = NONE;
        }
        self.nodes.clear();
        self.counts.clear();
    }

    /// Adds a node, unless it is there already, and gives its place.
    pub(super) fn add(&mut self, node: u32) -> u32 {
        let place = &mut self.places[node as usize];
        if *place == NONE {
            *place = self.nodes.len() as u32;
            self.nodes.push(node);
            self.counts.push(0);
        }
        self.counts[*place as usize] += 1;
        *place
    }

    /// Finds the neighbours of the nodes added so far.
    pub(super) fn find_near(&mut self, graph: &Graph) {
        let edges = |(place, &node): (usize, &u32)| {
            graph
                .neighbours(node as usize)
                .iter()
                .map(move |&neighbour| (place as u32, neighbour as usize))
        };
        // Counting sort by neighbour: count, sum up to where each one's places end, fill backwards.
        self.offsets.fill(0);
        for (_, neighbour) in self.nodes.iter().enumerate().flat_map(edges) {
            self.offsets[neighbour] += 1;
        }
        let mut end = 0;
        for offset in &mut self.offsets {
            end += *offset;
            *offset = end;
        }
        self.near.resize(end as usize, 0);
        for (place, neighbour) in self.nodes.iter().enumerate().rev().flat_map(edges) {
            self.offsets[neighbour] -= 1;
            self.near[self.offsets[neighbour] as usize] = place;
        }
    }

    pub(super) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// The place of a node.
    pub(super) fn place(&self, node: usize) -> Option<usize> {
        let place = self.places[node];
        (place != NONE).then_some(place as usize)
    }

    /// How often the node at this place was added.
    pub(super) fn count(&self, place: usize) -> u32 {
        self.counts[place]
    }

    /// The places of the selected nodes that a node neighbours, ascending, as of the last [`find_near`](Self::find_near).
    pub(super) fn near(&self, node: usize) -> &[u32] {
        &self.near[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::interactions;
    use super::*;

    #[test]
    fn nodes_are_added_once_and_counted() {
        let graph = Graph::new(&interactions(2, &[&[0], &[0, 1], &[]]));
        let mut selection = Selection::new(&graph);
        for _ in 0..2 {
            selection.clear();
            assert_eq!([3, 0, 3, 1].map(|node| selection.add(node)), [0, 1, 0, 2]);
            selection.find_near(&graph);
            assert_eq!(selection.nodes(), [3, 0, 1]);
            assert_eq!([0, 1, 2].map(|place| selection.count(place)), [2, 1, 1]);
            assert_eq!((selection.place(0), selection.place(2)), (Some(1), None));
            let near: Vec<&[u32]> = (0..5).map(|node| selection.near(node)).collect();
            assert_eq!(near, [&[0][..], &[0], &[], &[1, 2], &[2]]);
        }
    }
}
