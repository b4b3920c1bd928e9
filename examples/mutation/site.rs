//! Where the engine can be changed, and what to.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use proc_macro2::Span;
use syn::{
    BinOp, Block, Expr, ExprBinary, ExprIf, ExprLit, ExprMacro, ExprMethodCall, ExprUnary, ImplItemFn, Item,
    ItemFn, Lit, ReturnType, Signature, Stmt, UnOp, spanned::Spanned as _, visit::Visit,
};

use crate::edit::Edit;

/// What is changed: the engine.
const FOLDERS: [&str; 2] = ["src/mesh", "src/reach"];

/// A change that can be made, and by which edits a text makes it where it is asked to.
#[derive(Debug, Clone)]
pub struct Site {
    /// Below the crate's root.
    pub file: String,
    /// Bytes of the file.
    pub start: usize,
    /// The function around it.
    function: String,
    what: String,
    /// The how manieth of its kind in its function.
    nth: usize,
    pub edits: Vec<Edit>,
}

/// Names it by what it is and not by its line, so that a change of the file above it does not make it another.
impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, function, what, nth, .. } = self;
        write!(formatter, "{file}\t{function}\t{what}\t{nth}")
    }
}

/// Returns every site of the engine.
pub fn all(root: &Path) -> Result<Vec<Site>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        files.push(root.join(folder).with_extension("rs"));
        find(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut sites = Vec::new();
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {name}"))?;
        let mut finder = Finder { file: &name, function: String::new(), sites: Vec::new() };
        finder.visit_file(&parsed);
        sites.append(&mut finder.sites);
    }
    Ok(sites)
}

/// Tests, and what only they use, are not the engine.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                find(&path, files)?;
            }
        } else if !path.ends_with("tests.rs") && !path.ends_with("fixture.rs") {
            files.push(path);
        }
    }
    Ok(())
}

struct Finder<'a> {
    file: &'a str,
    function: String,
    sites: Vec<Site>,
}

impl Finder<'_> {
    fn add(&mut self, at: Span, what: impl Into<String>, edits: Vec<Edit>) {
        let (what, function) = (what.into(), self.function.clone());
        let same = |site: &&Site| site.function == function && site.what == what;
        let nth = self.sites.iter().filter(same).count() + 1;
        let (file, start) = (self.file.to_owned(), at.byte_range().start);
        self.sites.push(Site { file, start, function, what, nth, edits });
    }

    /// A claim becomes its opposite.
    fn negate(&mut self, claim: Span, what: impl Into<String>) {
        self.add(claim, what, Edit::around(claim, "((", ") ^ MUTANT)"));
    }

    fn comparison(&mut self, binary: &ExprBinary, word: &str, from: &str, to: &str) {
        let mut edits = Edit::around(binary.span(), &format!("crate::mutation::{word}(MUTANT, &("), "))");
        edits.push(Edit::instead(binary.op.span(), "), &("));
        self.add(binary.span(), format!("`{from}` is `{to}`"), edits);
    }

    /// `a && b` is `!(!a || !b)`: with each part and the whole turned round it is `a || b`, and the other way about.
    fn junction(&mut self, binary: &ExprBinary, from: &str, to: &str) {
        let mut edits = Edit::around(binary.span(), "((((", ") ^ MUTANT)) ^ MUTANT)");
        edits.push(Edit::instead(binary.op.span(), &format!(") ^ MUTANT) {from} ((")));
        self.add(binary.span(), format!("`{from}` is `{to}`"), edits);
    }

    fn body(&mut self, signature: &Signature, block: &Block) {
        if signature.constness.is_some() || block.stmts.is_empty() {
            return;
        }
        let values: &[&str] = match &signature.output {
            ReturnType::Default => &["()"],
            ReturnType::Type(_, kind) => match kind.span().source_text().unwrap_or_default().as_str() {
                "bool" => &["true", "false"],
                "Truth" => &["Truth::Yes", "Truth::No"],
                kind if kind.starts_with("Option<") => &["None"],
                kind if kind.starts_with("Vec<") => &["Vec::new()"],
                "usize" | "u16" | "u32" | "u64" => &["0"],
                "String" => &["String::new()"],
                _ => &[],
            },
        };
        for value in values {
            let opened = block.brace_token.span.open();
            let guard = format!(" if MUTANT {{ return {value}; }}");
            self.add(opened, format!("returns `{value}` at once"), vec![Edit::after(opened, &guard)]);
        }
    }

    fn of_function(&mut self, signature: &Signature, block: &Block, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.function, signature.ident.to_string());
        // What is computed while compiling cannot ask which change is wanted.
        if signature.constness.is_none() {
            self.body(signature, block);
            visit(self);
        }
        self.function = outer;
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(module) => &module.attrs,
            Item::Fn(function) => &function.attrs,
            Item::Impl(implementation) => &implementation.attrs,
            Item::Const(_) | Item::Static(_) | Item::Enum(_) | Item::Type(_) => return,
            _ => return syn::visit::visit_item(self, item),
        };
        if !attributes.iter().any(is_of_tests) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.of_function(&function.sig, &function.block, |own| syn::visit::visit_block(own, &function.block));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !function.attrs.iter().any(is_of_tests) {
            self.of_function(&function.sig, &function.block, |own| {
                syn::visit::visit_block(own, &function.block);
            });
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        match binary.op {
            BinOp::Eq(_) => self.negate(binary.span(), "`==` is `!=`"),
            BinOp::Ne(_) => self.negate(binary.span(), "`!=` is `==`"),
            BinOp::Lt(_) => self.comparison(binary, "lt", "<", "<="),
            BinOp::Le(_) => self.comparison(binary, "le", "<=", "<"),
            BinOp::Gt(_) => self.comparison(binary, "gt", ">", ">="),
            BinOp::Ge(_) => self.comparison(binary, "ge", ">=", ">"),
            BinOp::And(_) if !has_let(binary) => self.junction(binary, "&&", "||"),
            BinOp::Or(_) => self.junction(binary, "||", "&&"),
            _ => {}
        }
        syn::visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        if let UnOp::Not(_) = unary.op {
            self.negate(unary.span(), "`!` is left out");
        }
        syn::visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_if(&mut self, condition: &'ast ExprIf) {
        // A comparison, a negation or a call is turned round where it stands.
        if let Expr::Path(_) | Expr::Field(_) = &*condition.cond {
            self.negate(condition.cond.span(), "`if` is `if not`");
        }
        syn::visit::visit_expr_if(self, condition);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let name = call.method.to_string();
        match (name.as_str(), call.args.len()) {
            ("min" | "max", 1) => {
                let other = if name == "min" { "max" } else { "min" };
                let mut edits = Edit::around(call.span(), &format!("crate::mutation::{name}(MUTANT, "), "");
                let between = call.dot_token.span().join(call.paren_token.span.open());
                edits.push(Edit::instead(between.unwrap_or_else(Span::call_site), ", "));
                self.add(call.span(), format!("`{name}` is `{other}`"), edits);
            }
            ("chain", 1) => {
                let argument = call.args[0].span();
                let edits =
                    Edit::around(argument, "(", ").into_iter().take(crate::mutation::all_or_none(MUTANT))");
                self.add(argument, "`chain` adds nothing", edits);
            }
            (
                "any" | "all" | "contains" | "contains_key" | "starts_with" | "ends_with" | "is_some_and"
                | "is_none_or",
                1,
            ) => {
                self.negate(call.span(), format!("`{name}` is its opposite"));
            }
            (name, _) if name.starts_with("is_") || name.starts_with("has_") => {
                self.negate(call.span(), format!("`{name}` is its opposite"));
            }
            _ => {}
        }
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_macro(&mut self, call: &'ast ExprMacro) {
        if call.mac.path.is_ident("matches") {
            self.negate(call.span(), "`matches!` is its opposite");
        }
    }

    fn visit_expr_lit(&mut self, literal: &'ast ExprLit) {
        let span = literal.span();
        match &literal.lit {
            Lit::Bool(claim) => self.negate(span, format!("`{}` is `{}`", claim.value, !claim.value)),
            Lit::Int(number) => {
                let more = number.base10_parse::<u128>().map_or(0, |number| number + 1);
                let before = format!("(if MUTANT {{ {more}{} }} else {{ ", number.suffix());
                self.add(span, format!("`{number}` is one more"), Edit::around(span, &before, " })"));
            }
            _ => {}
        }
    }

    /// The length of an array is computed while compiling.
    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_pat(&mut self, _: &'ast syn::Pat) {}

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expression, Some(end)) = statement
            && matches!(expression, Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_) | Expr::Call(_))
        {
            let mut edits = Edit::around(expression.span(), "if !MUTANT { ", "");
            edits.push(Edit::after(end.span(), " }"));
            self.add(expression.span(), "a statement is left out", edits);
        }
        syn::visit::visit_stmt(self, statement);
    }
}

fn is_of_tests(attribute: &syn::Attribute) -> bool {
    let is_cfg = attribute.path().is_ident("cfg");
    is_cfg && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}

/// Whether a chain of conditions binds a name, which no negation can.
fn has_let(binary: &ExprBinary) -> bool {
    let is_let = |expression: &Expr| match expression {
        Expr::Let(_) => true,
        Expr::Binary(inner) => has_let(inner),
        _ => false,
    };
    is_let(&binary.left) || is_let(&binary.right)
}
