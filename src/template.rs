//! Renders templates so that no value can change the shape of the document it lands in.
//!
//! A template is the file a reviewer wants to read, with holes. In YAML a hole is always one whole node: the
//! formatter quotes it (`yaml`), `layout` indents what takes several lines, and `guard` reads the text back and
//! refuses a hole that is anything but a whole node. In Markdown a hole is escaped prose, or a code span through
//! the filter `code` (`markdown`). Which of the two holds is decided by the extension of the template's name.

mod guard;
mod layout;
mod markdown;
#[cfg(test)]
mod tests;
mod yaml;

use std::fmt;
use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::Serialize;

use layout::Layout;

/// Returns a value as a whole YAML document in block style, quoted as every hole is, with a final line break.
pub fn emit(value: &serde_json::Value) -> String {
    yaml::document(&Value::from(Serde(value)))
}

/// Every template, compiled once; rendering is read-only and may run on many threads.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

/// Why a template was not rendered, and where in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The template's name.
    pub template: String,
    /// The line in the template, from 1; 0 where the fault has no place in it.
    pub line: usize,
    /// The source of the expression at fault, without its braces, where there is one.
    pub hole: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a template or with a value given to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The name ends in none of `.yaml`, `.yml` and `.md`, so nobody can say how to escape.
    UnknownSyntax,
    /// The engine's own words: a syntax error, an undefined name, a value that is no node.
    Engine(String),
    /// The hole is a part of a scalar, lies in a comment, or runs into what the template says around it.
    NotOneNode,
    /// The hole takes several lines, and the template goes on behind it.
    NotAtLineEnd,
    /// A mapping has this key twice.
    DuplicateKey(String),
    /// The output has another number of documents than the template has `---` lines.
    Documents {
        /// How many `---` lines there are.
        separators: usize,
        /// How many documents begin with one.
        documents: usize,
    },
    /// The output is no YAML; the parser's own words.
    Unreadable(String),
}

/// How holes are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Yaml,
    Markdown,
}

/// A fault and its place in the template's source, before the template's name is known.
#[derive(Debug)]
struct Violation {
    source: Range<usize>,
    is_hole: bool,
    fault: Fault,
}

impl Templates {
    /// Compiles templates given as name and source; the name's extension says how holes are escaped.
    ///
    /// Undefined names are errors, a block tag takes its line with it, and the final line break stays.
    pub fn new(sources: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let mut environment = environment();
        for &(name, source) in sources {
            if Syntax::of(name).is_none() {
                return Err(TemplateError::unknown_syntax(name));
            }
            environment
                .add_template_owned(name.to_owned(), source.to_owned())
                .map_err(|error| TemplateError::from_engine(name, &error))?;
        }
        Ok(Self { environment })
    }

    /// Sets what every template may take besides its own context; a JSON object.
    pub fn set_globals(&mut self, globals: &serde_json::Value) {
        for (name, value) in globals.as_object().into_iter().flatten() {
            self.environment.add_global(name.clone(), Value::from(Serde(value)));
        }
    }

    /// Renders one template; what it returns has passed the hole guard.
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<String, TemplateError> {
        let engine = |error: Error| TemplateError::from_engine(name, &error);
        let template = self.environment.get_template(name).map_err(engine)?;
        let (draft, spans) = template.render_with_spans(Value::from(Serde(context))).map_err(engine)?;
        if Syntax::of(name) == Some(Syntax::Markdown) {
            return Ok(draft);
        }
        guarded(draft, &spans).map_err(|violation| TemplateError::new(name, template.source(), violation))
    }
}

fn guarded(draft: String, spans: &[minijinja::OutputSpan]) -> Result<String, Violation> {
    let layout = Layout::new(draft, spans)?;
    guard::check(&layout)?;
    Ok(layout.text)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(whitespace());
    // Debug mode costs nothing until an error is made, and gives the expression's place.
    environment.set_debug(true);
    environment
        .set_auto_escape_callback(|name| Syntax::of(name).map_or(AutoEscape::None, Syntax::auto_escape));
    environment.set_formatter(format_hole);
    environment.add_filter("code", markdown::code);
    // Each of these would declare a value safe that nobody has escaped.
    for name in ["safe", "escape", "e"] {
        environment.remove_filter(name);
    }
    environment
}

fn whitespace() -> SyntaxConfig {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    syntax.build().expect("the default delimiters are valid")
}

fn format_hole(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    match state.auto_escape() {
        AutoEscape::Custom(syntax) if syntax == Syntax::MARKDOWN => markdown::write_hole(out, value),
        _ => yaml::write_hole(out, value),
    }
}

impl Syntax {
    const YAML: &str = "yaml";
    const MARKDOWN: &str = "markdown";

    fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "yaml" | "yml" => Some(Self::Yaml),
            "md" => Some(Self::Markdown),
            _ => None,
        }
    }

    fn auto_escape(self) -> AutoEscape {
        match self {
            Self::Yaml => AutoEscape::Custom(Self::YAML.into()),
            Self::Markdown => AutoEscape::Custom(Self::MARKDOWN.into()),
        }
    }
}

impl TemplateError {
    fn new(template: &str, source: &str, violation: Violation) -> Self {
        let before = source.get(..violation.source.start).unwrap_or_default();
        Self {
            template: template.to_owned(),
            line: 1 + before.matches('\n').count(),
            hole: source.get(violation.source).filter(|_| violation.is_hole).map(str::to_owned),
            fault: violation.fault,
        }
    }

    fn unknown_syntax(template: &str) -> Self {
        Self { template: template.to_owned(), line: 0, hole: None, fault: Fault::UnknownSyntax }
    }

    fn from_engine(template: &str, error: &Error) -> Self {
        let hole = error.template_source().zip(error.range()).and_then(|(source, range)| source.get(range));
        let message = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        Self {
            template: template.to_owned(),
            line: error.line().unwrap_or_default(),
            hole: hole.map(str::to_owned),
            fault: Fault::Engine(message),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template `{}`", self.template)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        match &self.hole {
            Some(hole) => write!(f, ": `{hole}`: {}", self.fault),
            None => write!(f, ": {}", self.fault),
        }
    }
}

impl std::error::Error for TemplateError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSyntax => f.write_str("the name ends in none of `.yaml`, `.yml` and `.md`"),
            Self::Engine(message) => f.write_str(message),
            Self::NotOneNode => f.write_str("the hole is not exactly one YAML node"),
            Self::NotAtLineEnd => f.write_str("the hole takes several lines and must end its line"),
            Self::DuplicateKey(key) => write!(f, "a mapping has the key `{key}` twice"),
            Self::Documents { separators, documents } => {
                write!(f, "{separators} `---` lines make {documents} documents")
            }
            Self::Unreadable(message) => write!(f, "the output is no YAML: {message}"),
        }
    }
}
