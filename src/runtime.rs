//! The loop: messages in, model changed, screen drawn, effects started. Nothing ticks while nothing happens.

pub mod fill;
pub mod input;
pub mod jobs;
mod looks;
pub mod reading;
pub mod tasks;
pub mod terminal;

use crate::console::message::{Effect, Msg, Pointed, Report};
use crate::console::model::{Model, Pane};
use crate::console::update::{Moment, update};
use crate::desk::Desk;
use crate::panes;
pub use looks::Looks;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Position;
use tasks::Tasks;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A console on some screen: the real terminal, or a buffer in tests and for pictures.
pub struct Console<B: Backend> {
    /// What is shown.
    pub model: Model,
    /// Where it is shown.
    pub terminal: Terminal<B>,
    desk: Desk,
    looks: Looks,
    tasks: Tasks,
    inbox: UnboundedReceiver<Msg>,
    outbox: UnboundedSender<Msg>,
    ended: bool,
    outside: Outside,
}

/// What the terminal is asked for beside its screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// This text into its clipboard.
    Copy(String),
    /// The mouse, or not any more.
    Mouse(bool),
}

/// Who hears what the terminal is asked for.
pub type Outside = Box<dyn FnMut(Wanted) + Send>;

impl<B: Backend> Console<B>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    /// Puts a desk on a screen. Reads nothing yet.
    ///
    /// # Errors
    /// If the screen does not tell its size.
    pub fn new(terminal: Terminal<B>, desk: Desk, looks: Looks) -> Result<Self, B::Error> {
        let size = terminal.size()?;
        let (outbox, inbox) = unbounded_channel();
        let mut model = Model::new(
            (size.width, size.height),
            desk.clock.now(),
            looks.zone.clone(),
            desk.mode,
            desk.operator.clone(),
            desk.providers.iter().map(|p| p.profile().clone()).collect(),
        );
        model.keymap = looks.keymap.clone();
        model.theme.clone_from(&looks.name);
        (model.utc, model.mouse, model.still) = (looks.utc, looks.mouse, looks.still);
        model.idle_lock = looks.idle_lock;
        let tasks = Tasks::new(desk.clone(), outbox.clone());
        Ok(Self { model, terminal, desk, looks, tasks, inbox, outbox, ended: false, outside: Box::new(|_| ()) })
    }

    /// Who hears from now on what the terminal is asked for; without it, nobody.
    pub fn ask_of(&mut self, outside: Outside) {
        self.outside = outside;
    }

    /// What a click at this place of the screen means.
    pub fn at(&self, column: u16, row: u16) -> Option<Pointed> {
        panes::pointing::at(&self.model, self.looks.theme, Position { x: column, y: row })
    }

    fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        panes::pointing::pane(&self.model, Position { x: column, y: row })
    }

    /// Where input comes in.
    pub fn outbox(&self) -> UnboundedSender<Msg> {
        self.outbox.clone()
    }

    /// Applies one message and starts what it asks for.
    pub fn handle(&mut self, msg: Msg) {
        let msg = match msg {
            Msg::Clicked { column, row } => match self.at(column, row) {
                Some(pointed) => Msg::Pointed(pointed),
                None => return,
            },
            Msg::Wheel { column, row, rows } => Msg::Scrolled(self.pane_at(column, row), rows),
            msg => msg,
        };
        let at = Moment { wall: self.desk.clock.now(), since_start: self.desk.clock.elapsed() };
        for effect in update(&mut self.model, msg, at) {
            match effect {
                Effect::Quit => self.ended = true,
                Effect::Copy(text) => (self.outside)(Wanted::Copy(text)),
                Effect::Mouse(on) => (self.outside)(Wanted::Mouse(on)),
                Effect::Theme(name) => {
                    let worn = self.looks.wear(&name).map(|()| name);
                    let _ = self.outbox.send(Msg::Report(Report::Theme(worn)));
                }
                Effect::Themes => {
                    let _ = self.outbox.send(Msg::Report(Report::Themes(self.looks.names())));
                }
                // An error here shows again, and is reported, at the next draw.
                Effect::Repaint => drop(self.terminal.clear()),
                other => self.tasks.start(other),
            }
        }
    }

    /// Draws what the model says.
    ///
    /// # Errors
    /// If the screen cannot be written.
    pub fn draw(&mut self) -> Result<(), B::Error> {
        // Twice at most: what the first drawing showed may change what the second says about `y`.
        for _ in 0..2 {
            let (model, theme) = (&self.model, self.looks.theme);
            let mut whole = true;
            self.terminal.draw(|frame| whole = panes::draw(model, theme, frame))?;
            let cut = self.model.preview_is_cut();
            if self.model.wants_drawn() {
                self.handle(Msg::Drawn { whole });
            }
            if self.model.preview_is_cut() == cut {
                break;
            }
        }
        Ok(())
    }

    /// Runs until the operator leaves: the queue is emptied before each draw.
    ///
    /// # Errors
    /// If the screen cannot be written.
    pub async fn run(&mut self) -> Result<(), B::Error> {
        self.handle(Msg::Start);
        for problem in self.desk.missing.clone() {
            self.handle(Msg::Report(Report::Missing(problem)));
        }
        self.draw()?;
        let mut lost = None;
        while !self.ended {
            let Some(msg) = self.inbox.recv().await else { break };
            self.handle(msg);
            while let Ok(msg) = self.inbox.try_recv() {
                self.handle(msg);
            }
            if self.ended || lost.is_some() {
                continue;
            }
            if let Err(error) = self.draw() {
                // The terminal is gone. What is being sent is waited for all the same; then it is over.
                lost = Some(error);
                self.handle(Msg::Leave);
            }
        }
        lost.map_or(Ok(()), Err)
    }

    /// Handles everything until nothing is queued and no task runs, then draws: how tests wait. Watches and
    /// other long timers are not waited for.
    ///
    /// # Errors
    /// If the screen cannot be written.
    pub async fn settle(&mut self) -> Result<(), B::Error> {
        loop {
            while let Ok(msg) = self.inbox.try_recv() {
                self.handle(msg);
            }
            if self.tasks.busy() == 0 && self.inbox.is_empty() {
                return self.draw();
            }
            tokio::select! {
                msg = self.inbox.recv() => if let Some(msg) = msg { self.handle(msg) },
                () = self.tasks.until_idle() => {}
            }
        }
    }

    /// Handles messages until something is so, whatever else is still under way, then draws: how tests wait for one
    /// answer while others are late.
    ///
    /// # Errors
    /// If the screen cannot be written.
    pub async fn until(&mut self, so: impl Fn(&Model) -> bool) -> Result<(), B::Error> {
        while !so(&self.model) {
            let Some(msg) = self.inbox.recv().await else { break };
            self.handle(msg);
        }
        self.draw()
    }

    /// True once the operator left.
    pub fn ended(&self) -> bool {
        self.ended
    }
}
