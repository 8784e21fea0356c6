// ImageInspectionTests
