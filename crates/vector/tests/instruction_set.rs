//! The choice of an instruction set, which is made once per process: a test of its own program.

use precedent_vector::{
    InstructionSetError, Metric, instruction_set, instruction_sets, limit_instruction_set,
};

#[test]
fn a_set_is_chosen_once_and_by_a_name_that_the_machine_has() {
    let unknown = limit_instruction_set("mmx").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        format!("no instruction set \"mmx\" on this machine, which has {}", instruction_sets().join(", "))
    );
    limit_instruction_set("portable").unwrap();
    assert_eq!(instruction_set(), "portable");
    assert_eq!(Metric::L2.distance_fn()(&[1.0, 2.0], &[1.0, 4.0]), 4.0);
    assert_eq!(
        limit_instruction_set(instruction_sets()[0]),
        Err(InstructionSetError::InUse { used: "portable" })
    );
}
