package io.bucketfs.app.admin;

import io.bucketfs.core.admin.KeepOrders.Place;
import java.util.List;

/** What an order about local copies is for. */
public record KeepRequest(List<Place> places) {}
