package io.bucketfs.app.admin;

import java.util.List;

/** Why a request was refused: one sentence each. */
public record ErrorView(List<String> errors) {}
