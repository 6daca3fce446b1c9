//! The infrastructure graph, cascades, single points of failure. Computes without a database.
