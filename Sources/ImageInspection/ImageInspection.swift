// ImageInspection
