mod any;
mod mirror;
mod model;
