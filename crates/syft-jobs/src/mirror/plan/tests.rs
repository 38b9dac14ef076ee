mod any;
mod mirror;
mod model;
mod two_way;
