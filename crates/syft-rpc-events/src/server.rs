mod inbox;
mod queue;
