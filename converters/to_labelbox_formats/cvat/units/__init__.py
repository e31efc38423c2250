"""Work units of a CVAT set: pictures, frames, videos."""
