"""The Marketplace's pages of the account: Profile -> Merchant -> Marketplace."""

from django.urls import path

from marketplace.pages import automation, orders, products, store

urlpatterns = [
    path("", store.overview, name="account-marketplace"),
    path("store/", store.settings, name="store"),
    path("store/logo/remove/", store.remove_logo, name="store-logo-remove"),
    path("products/", products.products, name="store-products"),
    path("products/new/", products.new, name="store-product-new"),
    path("products/import/", products.import_list, name="store-products-import"),
    path("products.csv", products.export, name="store-products-csv"),
    path("products/<int:product_id>/", products.product, name="store-product"),
    path("products/<int:product_id>/stock/", products.add_stock, name="store-product-stock"),
    path("products/<int:product_id>/pictures/", products.add_picture, name="store-picture-add"),
    path("products/<int:product_id>/pictures/<int:picture_id>/", products.change_picture, name="store-picture"),
    path("products/<int:product_id>/digital/", products.digital, name="store-product-digital"),
    path("automation/", automation.automation, name="store-automation"),
    path("orders/", orders.orders, name="store-orders"),
    path("orders/<int:order_number>/", orders.order, name="store-order"),
    path("orders/<int:order_number>/ship/", orders.ship, name="store-order-ship"),
    path("orders/<int:order_number>/deliver/", orders.deliver, name="store-order-deliver"),
    path("orders/<int:order_number>/refund/", orders.refund, name="store-order-refund"),
    path("purchases/", orders.purchases, name="purchases"),
    path("purchases/<int:purchase_number>/", orders.purchase, name="purchase"),
    path("purchases/<int:purchase_number>/files/<int:bought_id>/", orders.download, name="purchase-download"),
]
