//! The texts that a vendor shows again (design 3): kept sealed beside their digest, opened for whoever may read every
//! token of that vendor, and for nobody else. Kept out: which vendors do that; a format says so.

use super::{Actor, Authority, Shown, View};
use crate::error::Error;
use crate::format::Format;
use crate::secret::Secret;
use crate::token::{Text, TextState, TokenNumber};
use data_encoding::HEXLOWER;

impl Authority {
    /// What is kept of a new text: its digest, and the text itself only where the format says so.
    pub(super) fn live_text(
        &self,
        format: &Format,
        text: &Secret,
        token: TokenNumber,
    ) -> Result<Text, Error> {
        let kept = Text::live(self.keys.bearer(text.reveal()), token);
        let sealed = format
            .shown_again
            .then(|| self.keys.seal(&about(&kept), text.reveal().as_bytes(), &*self.entropy))
            .transpose()?;
        Ok(Text { sealed, ..kept })
    }

    /// These tokens with their live texts, once more. A token whose text ended meanwhile is left out.
    pub async fn with_texts(
        &self,
        actor: &Actor,
        view: &View,
        tokens: Vec<Shown>,
    ) -> Result<Vec<(Shown, Secret)>, Error> {
        actor.require(view.read)?;
        if !view.reads_all(actor) {
            return Err(Error::forbidden([], "a personal credential is shown no secrets"));
        }
        let mut shown = Vec::with_capacity(tokens.len());
        for one in tokens {
            // A window on all dialects shows no secrets of any.
            if view.dialect != Some(&*one.token.dialect) || one.token.realm != actor.realm() {
                return Err(Error::forbidden([], "these secrets are not shown here"));
            }
            let mut texts = self.texts(&one.token).await?.into_iter();
            let live = texts.find(|text| text.state == TextState::Live);
            if let Some(text) = live.and_then(|text| self.opened_text(&text).transpose()) {
                shown.push((one, text?));
            }
        }
        Ok(shown)
    }

    fn opened_text(&self, text: &Text) -> Result<Option<Secret>, Error> {
        let Some(sealed) = &text.sealed else { return Ok(None) };
        let plain = self.keys.open(&about(text), sealed);
        let text = plain.as_ref().and_then(|plain| std::str::from_utf8(plain).ok());
        let text = text.ok_or_else(|| Error::unavailable("a kept text does not open"))?;
        Ok(Some(Secret::new(text.to_owned())))
    }
}

/// For which place a text is sealed: its own digest, so that it opens beside no other.
fn about(text: &Text) -> String {
    format!("text/{}/{}", text.token.0, HEXLOWER.encode(&text.digest.0))
}
