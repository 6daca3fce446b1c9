//! Resolves the product tree: branches, loose full product names, relationships (CSAF 2.0 section 3.2.2).

use std::collections::BTreeMap;

use super::Leaf;
use super::raw::{Branch, Product, Relationship, Tree};
use crate::Fault;
use crate::text::repair;

/// CSAF 2.1 mandatory test 6.1.34 allows 30 nested branches; deeper is refused in 2.0 as well.
const BRANCH_DEPTH_MAX: usize = 30;
/// How deep relationships may refer to one another.
const RELATION_DEPTH_MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) leaves: Vec<Leaf>,
    pub(super) by_id: BTreeMap<String, usize>,
}

pub(super) fn resolve(tree: &Tree<'_>, warnings: &mut Vec<String>) -> Result<Resolved, Fault> {
    let mut resolved = Resolved::default();
    for branch in &tree.branches.0 {
        descend(branch, &Facts::default(), 1, &mut resolved, warnings)?;
    }
    for product in &tree.full_product_names.0 {
        add(&mut resolved, Facts::default().leaf(product), warnings);
    }
    relate(&tree.relationships.0, &mut resolved, warnings);
    Ok(resolved)
}

/// What the ancestors of a leaf say.
#[derive(Clone, Default)]
struct Facts {
    vendor: String,
    family: String,
    product: String,
    version: String,
    narrowed_by: Vec<String>,
}

impl Facts {
    fn with(&self, branch: &Branch<'_>) -> Facts {
        let mut facts = self.clone();
        let name = repair(branch.name.as_str().trim()).into_owned();
        // Section 3.1.2.2: the categories of a branch.
        match branch.category.as_str() {
            "vendor" => facts.vendor = name,
            "product_family" => facts.family = name,
            "product_name" => facts.product = name,
            "product_version" | "product_version_range" => facts.version = name,
            "service_pack" | "patch_level" => facts.version = format!("{} {name}", facts.version).trim().to_owned(),
            other => facts.narrowed_by.push(format!("{other}: {name}")),
        }
        facts
    }

    fn leaf(&self, product: &Product<'_>) -> Leaf {
        let text = |t: &str| (!t.trim().is_empty()).then(|| t.trim().to_owned());
        let helper = &product.helper;
        let models = helper.model_numbers.0.iter().chain(&helper.skus.0).filter_map(|m| text(m.as_str()));
        Leaf {
            id: product.product_id.as_str().to_owned(),
            name: repair(product.name.as_str().trim()).into_owned(),
            vendor: self.vendor.clone(),
            product: if self.product.is_empty() { self.family.clone() } else { self.product.clone() },
            range: text(&self.version),
            models: models.collect(),
            purl: text(helper.purl.as_str()),
            cpe: text(helper.cpe.as_str()),
            narrowed_by: self.narrowed_by.clone(),
            context: None,
        }
    }
}

fn descend(
    branch: &Branch<'_>,
    above: &Facts,
    depth: usize,
    resolved: &mut Resolved,
    warnings: &mut Vec<String>,
) -> Result<(), Fault> {
    if depth > BRANCH_DEPTH_MAX {
        let reason = format!("branches are nested deeper than {BRANCH_DEPTH_MAX}");
        return Err(Fault::new("csaf-branch-depth", "/product_tree/branches", reason));
    }
    let facts = above.with(branch);
    if let Some(product) = &branch.product {
        add(resolved, facts.leaf(product), warnings);
    }
    branch.branches.0.iter().try_for_each(|below| descend(below, &facts, depth + 1, resolved, warnings))
}

fn add(resolved: &mut Resolved, leaf: Leaf, warnings: &mut Vec<String>) {
    if resolved.by_id.contains_key(&leaf.id) {
        // CSAF 2.0, 6.1.2: multiple definition of product ID.
        warnings.push(format!("/product_tree: product `{}` is defined twice; the first definition counts", leaf.id));
        return;
    }
    resolved.by_id.insert(leaf.id.clone(), resolved.leaves.len());
    resolved.leaves.push(leaf);
}

/// A relationship is its first product in the context of the second; either may be a relationship itself, in any order.
fn relate(relationships: &[Relationship<'_>], resolved: &mut Resolved, warnings: &mut Vec<String>) {
    let mut waiting: Vec<&Relationship<'_>> = relationships.iter().collect();
    for _ in 0..RELATION_DEPTH_MAX {
        let before = waiting.len();
        waiting.retain(|relation| {
            let find = |id: &str| resolved.by_id.get(id).and_then(|i| resolved.leaves.get(*i));
            let component = find(relation.product_reference.as_str());
            let whole = find(relation.relates_to_product_reference.as_str());
            let (Some(component), Some(whole)) = (component, whole) else { return true };
            let mut leaf = component.clone();
            leaf.id = relation.full_product_name.product_id.as_str().to_owned();
            leaf.context = Some(format!("{} {}", relation.category.as_str(), whole.name));
            leaf.name = repair(relation.full_product_name.name.as_str().trim()).into_owned();
            add(resolved, leaf, warnings);
            false
        });
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    for relation in waiting {
        let id = relation.full_product_name.product_id.as_str();
        warnings
            .push(format!("/product_tree/relationships: `{id}` rests on a product that is not defined, or on itself"));
    }
}
