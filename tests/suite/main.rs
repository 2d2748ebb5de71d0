//! Tests of everything that callseal does, through the program and the library,
//! together with its peers. Each module has one topic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod archive_faults;
mod archive_properties;
mod archive_support;
mod archive_tools;
mod bundled_archives;
mod check_command;
mod cms_archives;
mod cms_certificates;
mod cms_keys;
mod cms_pack;
mod cms_refused;
mod cms_seal;
mod config_command;
mod config_signatures;
mod convert_command;
mod documents;
mod ending_soon;
mod evidence;
mod evidence_attacks;
mod evidence_attacks_signers;
mod evidence_exchanged;
mod evidence_formats;
mod evidence_kept;
mod evidence_many;
mod evidence_names;
mod evidence_origin;
mod evidence_peers;
mod evidence_required;
mod evidence_support;
mod evidence_told;
mod evidence_tricks;
mod examples;
mod exit_status;
mod expansion;
mod export_command;
mod exposed_keys;
mod failures_read_alike;
mod false_session_keys;
mod faults;
mod fields_command;
mod fields_documents;
mod fields_legacy;
mod fields_limits;
mod fields_peers;
mod fields_tampering;
mod flushed_together;
mod grants;
mod hazards_pack;
mod hidden_names;
mod hostile_fronts;
mod hostile_messages;
mod identities;
mod identities_argon2;
mod identities_keyring;
mod index;
mod index_attacks;
mod index_support;
mod input_files;
mod inspect_command;
mod json_output;
mod key_envelope;
mod keygen;
mod keygen_sign;
mod keys_archive;
mod keys_command;
mod keystores;
mod killed;
mod left_out;
mod mails;
mod member_choice;
mod missing_peers;
mod odd_archives;
mod pack_move;
mod pack_move_killed;
mod pack_move_races;
mod pack_move_support;
mod pack_sealed;
mod pack_unattended;
mod packing_choices;
mod passphrases;
mod peers_java;
mod peers_open_ours;
mod peers_rpgp;
mod peers_seal_for_us;
mod peers_sequoia;
mod recipients;
mod recipients_openpgp;
mod recipients_refused;
mod refused_threads;
mod rotation;
mod round_trips;
mod sealed_with_passphrase;
mod second_messages;
mod secrets;
mod sequoia_reader;
mod share;
mod share_cms;
mod share_messages;
mod share_safety;
mod share_words;
mod signals;
mod signed_message_attacks;
mod signed_messages;
mod signed_messages_gpg;
mod signing_messages;
mod signing_peers;
mod streams;
mod swapped_members;
mod tampering;
mod text_messages;
mod trailing_data;
mod trust_bundles;
mod trust_chains;
mod trust_clock;
mod trust_crls;
mod trust_parties;
mod trust_strength;
mod unsafe_names;
mod vectors;
mod watch;
mod watch_bundles;
mod watch_damaged;
mod watch_faults;
mod watch_killed;
mod watch_limits;
mod watch_messages;
mod watch_notices;
mod watch_put_aside;
mod watch_set_aside;
mod watch_stopped;
#[cfg(target_os = "linux")]
mod watch_support;
mod wrong_inputs;
