//! The flow behind a constrained assignment: residual graph, potentials, shortest paths.

/// No point, no node.
const NONE: u32 = u32::MAX;

/// A flow with as much excess at some nodes as is missing at others, and potentials at which no
/// residual edge has a negative length.
pub(super) struct Flow<'a> {
    costs: &'a [f32],
    clusters: usize,
    min: usize,
    max: usize,
    /// The cluster of each point.
    pub(super) assigned: Vec<u32>,
    /// The points of each cluster, in no order.
    members: Vec<Vec<u32>>,
    /// Units each cluster sends to the sink.
    sent: Vec<usize>,
    /// Units that arrived and were not sent on, per cluster and then the sink; 0 everywhere in the
    /// end.
    excess: Vec<i64>,
    /// Per cluster and then the sink.
    pub(super) potentials: Vec<f64>,
    /// The least cost of moving a point from one cluster to another, `[from * clusters + to]`, and
    /// which point that is.
    moves: Vec<(f64, u32)>,
    search: Search,
}

/// Scratch of Dijkstra's search.
struct Search {
    distance: Vec<f64>,
    parent: Vec<u32>,
    done: Vec<bool>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(costs: &'a [f32], prices: &[f64], min: usize, max: usize) -> Self {
        let clusters = prices.len();
        let mut members = vec![vec![]; clusters];
        let assigned: Vec<u32> = costs
            .chunks_exact(clusters)
            .enumerate()
            .map(|(point, row)| {
                let at = |cluster: usize| f64::from(row[cluster]) + prices[cluster];
                let best = (1..clusters).fold(0, |best, cluster| {
                    if at(cluster) < at(best) {
                        cluster
                    } else {
                        best
                    }
                });
                members[best].push(point as u32);
                best as u32
            })
            .collect();
        // What complementary slackness asks: a positive price only where a cluster is full, a
        // negative one only where it has its least.
        let sent: Vec<usize> = members
            .iter()
            .zip(prices)
            .map(|(points, &price)| match price {
                price if price > 0.0 => max,
                price if price < 0.0 => min,
                _ => points.len().clamp(min, max),
            })
            .collect();
        let mut excess: Vec<i64> = members
            .iter()
            .zip(&sent)
            .map(|(points, &sent)| points.len() as i64 - sent as i64)
            .collect();
        excess.push(sent.iter().sum::<usize>() as i64 - assigned.len() as i64);
        let mut potentials = prices.to_vec();
        potentials.push(0.0);
        let nodes = clusters + 1;
        Self {
            costs,
            clusters,
            min,
            max,
            assigned,
            members,
            sent,
            excess,
            potentials,
            moves: vec![(f64::INFINITY, NONE); clusters * clusters],
            search: Search {
                distance: vec![0.0; nodes],
                parent: vec![NONE; nodes],
                done: vec![false; nodes],
            },
        }
    }

    /// Units that are at the wrong node.
    pub(super) fn surplus(&self) -> i64 {
        self.excess.iter().filter(|&&excess| excess > 0).sum()
    }

    pub(super) fn find_moves(&mut self) {
        if self.surplus() > 0 {
            (0..self.assigned.len() as u32).for_each(|point| self.offer(point));
        }
    }

    /// Sends excess along a shortest path to a node that misses some; `false` when nothing is in
    /// excess.
    pub(super) fn augment(&mut self) -> bool {
        if self.surplus() == 0 {
            return false;
        }
        let target = self.shortest_path();
        let mut path = vec![target];
        while self.search.parent[path[0]] != NONE {
            path.insert(0, self.search.parent[path[0]] as usize);
        }
        let units = self.capacity(&path);
        for edge in path.windows(2) {
            self.push(edge[0], edge[1], units);
        }
        self.excess[path[0]] -= units as i64;
        self.excess[target] += units as i64;
        true
    }

    /// Dijkstra's search from all nodes in excess to the nearest one that misses something; moves
    /// the potentials so that the path has length 0 and no edge a negative one.
    fn shortest_path(&mut self) -> usize {
        let nodes = self.clusters + 1;
        for node in 0..nodes {
            self.search.distance[node] = if self.excess[node] > 0 {
                0.0
            } else {
                f64::INFINITY
            };
            self.search.parent[node] = NONE;
            self.search.done[node] = false;
        }
        loop {
            let next = (0..nodes)
                .filter(|&node| !self.search.done[node])
                .min_by(|&a, &b| self.search.distance[a].total_cmp(&self.search.distance[b]));
            let node = next.expect("the bounds can be met, so a path exists");
            let reached = self.search.distance[node];
            assert!(
                reached.is_finite(),
                "the bounds can be met, so a path exists"
            );
            if self.excess[node] < 0 {
                for other in 0..nodes {
                    if self.search.done[other] {
                        self.potentials[other] += reached - self.search.distance[other];
                    }
                }
                return node;
            }
            self.search.done[node] = true;
            self.relax(node, reached);
        }
    }

    fn relax(&mut self, node: usize, reached: f64) {
        let sink = self.clusters;
        let (search, potentials) = (&mut self.search, &self.potentials);
        let mut offer = |to: usize, length: f64| {
            // Lengths are never negative but for rounding.
            let distance = reached + (length + potentials[to] - potentials[node]).max(0.0);
            if !search.done[to] && distance < search.distance[to] {
                search.distance[to] = distance;
                search.parent[to] = node as u32;
            }
        };
        if node == sink {
            (0..sink)
                .filter(|&cluster| self.sent[cluster] > self.min)
                .for_each(|cluster| offer(cluster, 0.0));
        } else {
            let moves = &self.moves[node * self.clusters..(node + 1) * self.clusters];
            moves
                .iter()
                .enumerate()
                .filter(|(_, (_, point))| *point != NONE)
                .for_each(|(to, (cost, _))| offer(to, *cost));
            if self.sent[node] < self.max {
                offer(sink, 0.0);
            }
        }
    }

    /// How much can go along a path: one point where it moves points, else what its ends and the
    /// bounds allow.
    fn capacity(&self, path: &[usize]) -> usize {
        let (source, target) = (path[0], path[path.len() - 1]);
        let ends = self.excess[source].min(-self.excess[target]).unsigned_abs() as usize;
        path.windows(2).fold(ends, |units, edge| {
            units.min(match (edge[0] == self.clusters, edge[1] == self.clusters) {
                (true, _) => self.sent[edge[1]] - self.min,
                (_, true) => self.max - self.sent[edge[0]],
                _ => 1,
            })
        })
    }

    fn push(&mut self, from: usize, to: usize, units: usize) {
        if from == self.clusters {
            self.sent[to] -= units;
        } else if to == self.clusters {
            self.sent[from] += units;
        } else {
            self.move_point(self.moves[from * self.clusters + to].1, to);
        }
    }

    fn move_point(&mut self, point: u32, to: usize) {
        let from = self.assigned[point as usize] as usize;
        let place = self.members[from]
            .iter()
            .position(|&member| member == point)
            .expect("a point is where it was put");
        self.members[from].swap_remove(place);
        self.members[to].push(point);
        self.assigned[point as usize] = to as u32;
        for other in 0..self.clusters {
            if self.moves[from * self.clusters + other].1 == point {
                self.moves[from * self.clusters + other] = self.cheapest(from, other);
            }
        }
        self.offer(point);
    }

    /// Lets a point be the one that its cluster moves, wherever it is the cheapest.
    fn offer(&mut self, point: u32) {
        let from = self.assigned[point as usize] as usize;
        let row = &self.costs[point as usize * self.clusters..][..self.clusters];
        let here = f64::from(row[from]);
        let moves = &mut self.moves[from * self.clusters..][..self.clusters];
        for (to, (best, &there)) in moves.iter_mut().zip(row).enumerate() {
            let cost = f64::from(there) - here;
            if cost < best.0 && to != from {
                *best = (cost, point);
            }
        }
    }

    fn cheapest(&self, from: usize, to: usize) -> (f64, u32) {
        self.members[from]
            .iter()
            .fold((f64::INFINITY, NONE), |best, &point| {
                let row = &self.costs[point as usize * self.clusters..];
                let cost = f64::from(row[to]) - f64::from(row[from]);
                if cost < best.0 { (cost, point) } else { best }
            })
    }
}
