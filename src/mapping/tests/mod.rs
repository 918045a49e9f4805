mod draw;
mod fixture;
mod meaning;
mod oracle;
mod steps;
