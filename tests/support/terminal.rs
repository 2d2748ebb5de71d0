//! Runs with a user at a terminal, and runs without one.

use super::{Outcome, Run, Scene};

impl Scene {
    /// Runs without a terminal, as under cron.
    pub fn without_terminal(&self, line: &str) -> Run {
        self.bash(&format!("exec setsid -w callseal {line} </dev/null"))
    }

    /// Runs a dialogue on a terminal in expect's language, with the given exit
    /// status. In the dialogue, `prompt` waits until it can be answered: for as
    /// long as that takes, since a run that hangs is ended from outside.
    pub fn on_a_terminal(&self, line: &str, dialogue: &str) -> Outcome {
        self.on_a_terminal_with(&format!("callseal {line}"), dialogue)
    }

    /// Does the same with another program on the terminal.
    pub fn on_a_terminal_with(&self, line: &str, dialogue: &str) -> Outcome {
        // The echo is turned off a moment after the prompt is there; people
        // don't type that fast, but this does.
        let script = format!(
            r#"
set timeout -1
proc prompt {{{{question "passphrase for "}}}} {{
    expect eof {{ exit 98 }} $question
    while {{ ![regexp -- {{-echo }} [exec stty -a -F $::spawn_out(slave,name)]] }} {{ after 10 }}
}}
spawn -noecho {line}
{dialogue}
expect eof
lassign [wait] process spawned problem status
exit $status
"#
        );
        self.write("dialogue.exp", script);
        self.bash("exec expect dialogue.exp").outcome()
    }
}
