mod decision;
mod model;
mod properties;
