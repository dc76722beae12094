//! Whether a package is installed: its signature, its manifest, and what it imports.

use core::fmt;

use zonda::{Engine, ExternType, Module, TryBox};
use zonda_manifest::{find, Manifest, ManifestError};
use zonda_signature::{KeyId, SignatureError, SignedFile};

use crate::api;
use crate::list::Text;
use crate::Platform;

/// What the firmware does with packages that nobody signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// Refuses them.
    Refused,
    /// Accepts those whose code is validated or verified when it is loaded: modules and
    /// precompiled modules, no native code.
    Verified,
    /// Accepts all of them.
    Accepted,
}

/// What the firmware permits.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Packages without a signature.
    pub unsigned: Unsigned,
    /// The capabilities that it grants to those that ask for them.
    pub grants: &'static [&'static str],
    /// How long an update runs before it stays, in milliseconds.
    pub trial_ms: u32,
}

impl Default for Policy {
    /// Only signed packages, no capabilities, a minute.
    fn default() -> Policy {
        Policy { unsigned: Unsigned::Refused, grants: &[], trial_ms: 60_000 }
    }
}

/// An import that is not permitted, or not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// First name of the import.
    pub module: Text,
    /// Second name of the import.
    pub name: Text,
    /// What it needs; None if nothing of these names is there.
    pub capability: Option<&'static str>,
    /// Whether the manifest asks for it, so that the policy is what refuses.
    pub asked: bool,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "import \"{}\" \"{}\"", self.module, self.name)?;
        match (self.capability, self.asked) {
            (None, _) => f.write_str(": applications are not given such a function"),
            (Some(capability), true) => write!(
                f,
                " needs the capability \"{capability}\", which this firmware does not grant"
            ),
            (Some(capability), false) => write!(
                f,
                " needs the capability \"{capability}\", which the manifest does not ask for"
            ),
        }
    }
}

/// Why a package is refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PackageError {
    /// Its signature.
    Signature(SignatureError),
    /// It has native code, which nobody signed.
    Native,
    /// It has no section `zonda.app`.
    NoManifest,
    /// Its manifest.
    Manifest(ManifestError),
    /// It has to be signed with this key: its manifest says so, or that of the installed one.
    Key {
        /// The key that has to have signed it.
        wanted: KeyId,
        /// The key that has; None for no signature.
        found: Option<KeyId>,
    },
    /// Its module.
    Module(zonda::Error),
    /// Something that it imports.
    Import(Denied),
}

impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackageError::Signature(error) => error.fmt(f),
            PackageError::Native => f.write_str("the package has native code and no signature"),
            PackageError::NoManifest => {
                f.write_str("the package has no manifest (custom section \"zonda.app\")")
            }
            PackageError::Manifest(error) => write!(f, "manifest: {error}"),
            PackageError::Key { wanted, found: Some(found) } => {
                write!(f, "the package has to be signed with key {wanted}, it is with {found}")
            }
            PackageError::Key { wanted, found: None } => {
                write!(f, "the package has to be signed with key {wanted}, it has no signature")
            }
            PackageError::Module(error) => error.fmt(f),
            PackageError::Import(denied) => denied.fmt(f),
        }
    }
}

impl core::error::Error for PackageError {}

/// A package whose signature and manifest were looked at.
pub(crate) struct Package<'f> {
    pub manifest: Manifest<'f>,
    pub security_version: u32,
    /// Who signed it.
    pub key: Option<KeyId>,
}

impl<'f> Package<'f> {
    /// The module of a package, its security version, and who signed it.
    fn split(file: &'f [u8]) -> Result<(&'f [u8], u32, Option<KeyId>), PackageError> {
        if !SignedFile::is_signed(file) {
            return Ok((file, 0, None));
        }
        let signed = SignedFile::parse(file).map_err(PackageError::Signature)?;
        Ok((signed.payload, signed.security_version, Some(signed.key)))
    }

    /// The module of a package that is installed.
    pub fn module(file: &'f [u8]) -> Result<&'f [u8], PackageError> {
        Package::split(file).map(|(module, _, _)| module)
    }

    /// Finds the parts of a package that is installed. Its signature was checked when it was.
    #[inline(never)]
    pub fn parse(file: &'f [u8]) -> Result<Package<'f>, PackageError> {
        let (module, security_version, key) = Package::split(file)?;
        let section = find(module).ok_or(PackageError::NoManifest)?;
        let manifest = Manifest::decode(section).map_err(PackageError::Manifest)?;
        Ok(Package { manifest, security_version, key })
    }

    /// Whether it is signed with this key, if there has to be one.
    pub fn signed_by(&self, wanted: Option<[u8; 8]>) -> Result<(), PackageError> {
        let Some(wanted) = wanted.map(KeyId) else { return Ok(()) };
        if self.key == Some(wanted) {
            return Ok(());
        }
        Err(PackageError::Key { wanted, found: self.key })
    }
}

/// Checks a package that is to be installed: signature, manifest, module, imports. Each step has
/// left the stack of the thread when the next one begins.
pub(crate) fn check<P: Platform>(
    file: &[u8],
    platform: &P,
    policy: &Policy,
) -> Result<(), PackageError> {
    check_signature(file, platform, policy)?;
    check_manifest(file)?;
    let module = load(Package::module(file)?).map_err(PackageError::Module)?;
    check_imports(file, &module, policy)
}

#[inline(never)]
fn check_signature<P: Platform>(
    file: &[u8],
    platform: &P,
    policy: &Policy,
) -> Result<(), PackageError> {
    if SignedFile::is_signed(file) {
        let signed = SignedFile::parse(file).map_err(PackageError::Signature)?;
        return platform.verify(&signed).map_err(PackageError::Signature);
    }
    match policy.unsigned {
        Unsigned::Refused => Err(PackageError::Signature(SignatureError::Missing)),
        // The kind of code in a precompiled module: 1 is register bytecode, which is verified.
        Unsigned::Verified if file.starts_with(b"\0znd") && file.get(6) != Some(&1) => {
            Err(PackageError::Native)
        }
        Unsigned::Verified | Unsigned::Accepted => Ok(()),
    }
}

#[inline(never)]
fn check_manifest(file: &[u8]) -> Result<(), PackageError> {
    let package = Package::parse(file)?;
    package.signed_by(package.manifest.key)
}

/// Checks what the module of a package imports.
#[inline(never)]
pub(crate) fn check_imports(
    file: &[u8],
    module: &Module<'_>,
    policy: &Policy,
) -> Result<(), PackageError> {
    let package = Package::parse(file)?;
    imports(module, &package.manifest, policy).map_err(PackageError::Import)
}

/// Loads a module. It is in the heap, and has left the stack of the thread when it is there.
#[inline(never)]
pub(crate) fn load(module: &[u8]) -> Result<TryBox<Module<'_>>, zonda::Error> {
    let module = Module::new(&Engine::default(), module)?;
    TryBox::new(module).map_err(Into::into)
}

/// Whether everything that a module imports is there and permitted.
fn imports(module: &Module<'_>, manifest: &Manifest<'_>, policy: &Policy) -> Result<(), Denied> {
    for import in module.imports() {
        let denied = |capability, asked| Denied {
            module: Text::new(import.module),
            name: Text::new(import.name),
            capability,
            asked,
        };
        let is_function = matches!(import.ty, ExternType::Func(_));
        let capability = match api::import_capability(import.module, import.name) {
            Some(capability) if is_function => capability,
            _ => return Err(denied(None, false)),
        };
        let Some(capability) = capability else { continue };
        if !manifest.capabilities().any(|asked| asked == capability) {
            return Err(denied(Some(capability), false));
        }
        if !policy.grants.contains(&capability) {
            return Err(denied(Some(capability), true));
        }
    }
    Ok(())
}
